//! What events of the known types carry, as far as it is checked when a backend publishes one.
//!
//! | type | needs | checked where given |
//! | --- | --- | --- |
//! | `task:created` `task:updated` `task:moved` `task:deleted` | `taskId` or `id` | `projectId`, `title` |
//! | `issue.created` `issue.updated` `issue.deleted` `issue.archived` | `issueId` or `id` | `projectId`, `title` |
//! | `comment.created` `comment.updated` `comment.deleted` | `commentId` or `id` | `issueId`, `projectId` |
//! | `project.updated` | `projectId` or `id` | `name` |
//! | `cycle.updated` | `cycleId` or `id` | `projectId`, `name` |
//! | `approval.created` `approval.updated` `approval.deleted` | `approvalId` or `id` | `projectId` |
//! | `agent.status.changed` | `agentId` or `id`, `status` | `projectId` |
//! | `notification.new` | `title`, `message`, `text` or `body` | `userId` |
//! | `chat.message` | `text`, `message`, `content` or `body` | `chatId`, `messageId` |
//!
//! All of them are texts, and none that is needed is empty. More fields pass as they are, and so
//! does the data of every other type.

use serde_json::Value;

/// A field of an event's data that cannot be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {why}")]
pub struct DataError {
    /// `data`, or `data.` and the field's name.
    pub field: String,
    /// What is wrong with it, and what it may be.
    pub why: String,
}

/// What the types of one line of the table have in common.
struct Form {
    types: &'static [&'static str],
    /// Of each group one is needed.
    needs: &'static [&'static [&'static str]],
    may: &'static [&'static str],
}

const FORMS: [Form; 9] = [
    Form {
        types: &["task:created", "task:updated", "task:moved", "task:deleted"],
        needs: &[&["taskId", "id"]],
        may: &["projectId", "title"],
    },
    Form {
        types: &["issue.created", "issue.updated", "issue.deleted", "issue.archived"],
        needs: &[&["issueId", "id"]],
        may: &["projectId", "title"],
    },
    Form {
        types: &["comment.created", "comment.updated", "comment.deleted"],
        needs: &[&["commentId", "id"]],
        may: &["issueId", "projectId"],
    },
    Form { types: &["project.updated"], needs: &[&["projectId", "id"]], may: &["name"] },
    Form { types: &["cycle.updated"], needs: &[&["cycleId", "id"]], may: &["projectId", "name"] },
    Form {
        types: &["approval.created", "approval.updated", "approval.deleted"],
        needs: &[&["approvalId", "id"]],
        may: &["projectId"],
    },
    Form { types: &["agent.status.changed"], needs: &[&["agentId", "id"], &["status"]], may: &["projectId"] },
    Form { types: &["notification.new"], needs: &[&["title", "message", "text", "body"]], may: &["userId"] },
    Form {
        types: &["chat.message"],
        needs: &[&["text", "message", "content", "body"]],
        may: &["chatId", "messageId"],
    },
];

/// Checks the data of a known type; that of others passes.
pub fn check(kind: &str, data: &Value) -> Result<(), DataError> {
    let Some(form) = FORMS.iter().find(|form| form.types.contains(&kind)) else { return Ok(()) };
    let Some(fields) = data.as_object() else {
        return Err(DataError { field: "data".into(), why: format!("{kind} needs an object") });
    };
    for names in form.needs {
        let mut given = names.iter().filter(|name| fields.get(**name).is_some_and(|value| !value.is_null()));
        let Some(name) = given.next() else {
            let others = match &names[1..] {
                [] => String::new(),
                others => format!(" (or data.{})", others.join(", data.")),
            };
            return Err(wrong(names[0], format!("a text is needed{others}")));
        };
        if fields[*name].as_str().is_some_and(str::is_empty) {
            return Err(wrong(name, "the text must not be empty".into()));
        }
    }
    let named = form.needs.iter().flat_map(|names| names.iter()).chain(form.may);
    for name in named {
        match fields.get(*name) {
            None | Some(Value::Null | Value::String(_)) => {}
            Some(other) => return Err(wrong(name, format!("a text is needed, not {}", what(other)))),
        }
    }
    Ok(())
}

fn wrong(name: &str, why: String) -> DataError {
    DataError { field: format!("data.{name}"), why }
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventType;
    use serde_json::json;

    #[test]
    fn each_known_type_takes_what_it_needs_and_names_what_is_missing() {
        let mut seen = 0;
        for form in &FORMS {
            for kind in form.types {
                seen += 1;
                assert!(EventType::parse(kind).is_ok_and(|kind| kind.reserved().is_none()), "{kind}");
                let full = |pick: usize| -> Value {
                    let picked = form.needs.iter().map(|names| names[pick.min(names.len() - 1)]);
                    picked.map(|name| (name.to_owned(), json!("x"))).collect()
                };
                for pick in 0..4 {
                    assert_eq!(check(kind, &full(pick)), Ok(()), "{kind}");
                }
                for names in form.needs {
                    let mut cut = full(0);
                    cut.as_object_mut().unwrap().remove(names[0]);
                    let error = check(kind, &cut).unwrap_err().to_string();
                    assert!(error.starts_with(&format!("data.{}: a text is needed", names[0])), "{error}");
                    for name in *names {
                        for bad in [json!(1), json!(""), json!(["x"]), json!(false)] {
                            let mut wrong = cut.clone();
                            wrong[name] = bad;
                            assert_eq!(check(kind, &wrong).unwrap_err().field, format!("data.{name}"));
                        }
                    }
                }
                for name in form.may {
                    let mut more = full(0);
                    more[name] = json!({});
                    let error = check(kind, &more).unwrap_err().to_string();
                    assert_eq!(error, format!("data.{name}: a text is needed, not an object"));
                    more[name] = Value::Null;
                    more["anything"] = json!([1, {"x": null}]);
                    assert_eq!(check(kind, &more), Ok(()), "{kind}");
                }
                for bad in [json!(null), json!("x"), json!([])] {
                    assert_eq!(check(kind, &bad).unwrap_err().field, "data", "{kind}");
                }
            }
        }
        assert_eq!(seen, 19);
    }

    #[test]
    fn the_data_of_other_types_passes_as_it_is() {
        for data in [json!(null), json!(1), json!({"taskId": 1})] {
            assert_eq!(check("bench.tick", &data), Ok(()));
            assert_eq!(check("task:archived", &data), Ok(()));
        }
    }
}
