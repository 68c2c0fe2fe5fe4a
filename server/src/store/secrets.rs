//! Everything that is sealed with the secret key, to seal it anew with another one.

use aitk_shared::api::action;
use serde_json::json;
use sqlx::Row;

use super::Write;
use super::audit::{self, Line};
use super::row::Columns;
use crate::crypto::SecretKey;
use crate::error::Result;

/// A column of sealed secrets. Whoever adds one adds it here.
struct Place {
    /// What it is called, as the secret's owner: `<id>/<field>`.
    field: &'static str,
    select: &'static str,
    update: &'static str,
}

const PLACES: [Place; 2] = [
    Place {
        field: "token",
        select: "SELECT id, sealed_token AS sealed FROM projects WHERE sealed_token IS NOT NULL",
        update: "UPDATE projects SET sealed_token = $2 WHERE id = $1",
    },
    Place {
        field: "webhookSecret",
        select: "SELECT id, sealed_webhook AS sealed FROM projects WHERE sealed_webhook IS NOT NULL",
        update: "UPDATE projects SET sealed_webhook = $2 WHERE id = $1",
    },
];

/// What was sealed anew.
pub struct Resealed {
    /// How many secrets the key opens now.
    pub sealed: usize,
    /// Those that no key opened.
    pub lost: Vec<String>,
}

/// Seals with `key` whatever it or the key before it opens. What neither opens stays as it is.
pub async fn reseal(write: &mut Write, key: &SecretKey) -> Result<Resealed> {
    let mut done = Resealed { sealed: 0, lost: Vec::new() };
    for place in &PLACES {
        let rows = sqlx::query(place.select).fetch_all(write.connection()).await?;
        for row in &rows {
            let (id, sealed): (String, Vec<u8>) = (row.text("id")?, row.try_get("sealed")?);
            let owner = format!("{id}/{}", place.field);
            let Ok(secret) = key.open(&owner, &sealed) else {
                done.lost.push(owner);
                continue;
            };
            let sealed = key.seal(&owner, &secret)?;
            key.open_alone(&owner, &sealed)?;
            sqlx::query(place.update).bind(id).bind(sealed).execute(write.connection()).await?;
            done.sealed += 1;
        }
    }
    let detail = json!({"secrets": done.sealed, "lost": done.lost});
    audit::add(write, Line { action: action::KEY_ROTATED, projects: &[], actor: None, detail }).await?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::live::Hub;
    use crate::store::Store;

    #[tokio::test]
    async fn no_column_of_sealed_secrets_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("a.db"), Clock::default(), Hub::default()).await.unwrap();
        let mut read = store.read().await.unwrap();
        let columns = "SELECT m.name AS place, c.name AS name FROM sqlite_master m \
                       JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name LIKE '%sealed%'";
        let rows = sqlx::query(columns).fetch_all(&mut *read).await.unwrap();
        for row in &rows {
            let (table, column) = (row.text("place").unwrap(), row.text("name").unwrap());
            let known = |place: &Place| {
                place.select.contains(&table) && place.update.contains(&format!("{column} = $2"))
            };
            assert!(PLACES.iter().any(known), "{table}.{column}");
        }
        assert_eq!(rows.len(), PLACES.len());
    }
}
