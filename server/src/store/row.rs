//! Columns, decoded into the types of the rules. What cannot be is a damaged database.

use aitk_shared::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// Typed access to the columns that our tables have.
pub trait Columns {
    /// A text.
    fn text(&self, column: &str) -> Result<String, Error>;
    /// A text or NULL.
    fn maybe_text(&self, column: &str) -> Result<Option<String>, Error>;
    /// A number that cannot be negative.
    fn uint(&self, column: &str) -> Result<u64, Error>;
    /// A moment.
    fn time(&self, column: &str) -> Result<Timestamp, Error>;
    /// A moment or NULL.
    fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, Error>;
    /// A text that `parse` must accept.
    fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Error>;
}

impl Columns for AnyRow {
    fn text(&self, column: &str) -> Result<String, Error> {
        self.try_get(column)
    }

    fn maybe_text(&self, column: &str) -> Result<Option<String>, Error> {
        self.try_get(column)
    }

    fn uint(&self, column: &str) -> Result<u64, Error> {
        let number: i64 = self.try_get(column)?;
        u64::try_from(number).map_err(|source| damaged(column, source))
    }

    fn time(&self, column: &str) -> Result<Timestamp, Error> {
        Ok(Timestamp::from_millis(self.try_get(column)?))
    }

    fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
    }

    fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Error> {
        parse(&self.text(column)?).map_err(|source| damaged(column, source))
    }
}

/// A value in our own database that our own code would not have written.
pub fn damaged(column: &str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::ColumnDecode { index: column.to_owned(), source: Box::new(source) }
}

/// A count or size as the engines store it; none of ours comes near the bound.
pub fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
