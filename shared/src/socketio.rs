//! Packets of Socket.IO (protocol 5, text only): `<type>[/<namespace>,][<ack id>][JSON]`.
//!
//! <https://socket.io/docs/v4/socket-io-protocol/>

use serde_json::{Map, Value, json};

use crate::event::Event;

/// What a client connects to within one connection; the two are alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Namespace {
    /// `/`
    Main,
    /// `/realtime`
    Realtime,
}

impl Namespace {
    /// All of them, each at its own [`Self::index`].
    pub const ALL: [Namespace; 2] = [Namespace::Main, Namespace::Realtime];

    /// Its place in a list of both.
    pub fn index(self) -> usize {
        match self {
            Namespace::Main => 0,
            Namespace::Realtime => 1,
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "/" => Some(Namespace::Main),
            "/realtime" => Some(Namespace::Realtime),
            _ => None,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Namespace::Main => "",
            Namespace::Realtime => "/realtime,",
        }
    }
}

/// What a client may send.
#[derive(Clone, PartialEq, Debug)]
pub enum ClientPacket {
    /// Connects to a namespace; `auth` is what it shows.
    Connect(Value),
    /// Leaves it.
    Disconnect,
    /// Calls by name.
    Call {
        /// The event's name.
        name: String,
        /// Its first argument, `null` where it has none.
        argument: Value,
        /// Names the answer that it waits for.
        ack: Option<u64>,
    },
    /// Answers a question; none is ever asked.
    Answer,
}

/// A packet and where it belongs.
#[derive(Clone, PartialEq, Debug)]
pub enum Received {
    /// For one of our namespaces.
    To(Namespace, ClientPacket),
    /// For another one, whose prefix this is.
    Elsewhere(String),
}

/// A text that is no packet, or one with binary data.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a packet of Socket.IO without binary data")]
pub struct PacketError;

impl Received {
    /// Parses what came.
    pub fn parse(text: &str) -> Result<Self, PacketError> {
        let kind = text.bytes().next().filter(u8::is_ascii_digit).ok_or(PacketError)?;
        let rest = &text[1..];
        let (name, rest) = match rest.starts_with('/') {
            // A disconnect ends behind the comma, or without one.
            true => rest.split_once(',').unwrap_or((rest, "")),
            false => ("/", rest),
        };
        let bare = name.split_once('?').map_or(name, |(bare, _)| bare);
        let Some(namespace) = Namespace::named(bare) else {
            return Ok(Received::Elsewhere(name.to_owned()));
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (ack, body) = rest.split_at(digits);
        let packet = match kind {
            b'0' if body.is_empty() => ClientPacket::Connect(Value::Null),
            b'0' => ClientPacket::Connect(serde_json::from_str(body).map_err(|_| PacketError)?),
            b'1' => ClientPacket::Disconnect,
            b'2' => {
                let mut arguments: Vec<Value> = serde_json::from_str(body).map_err(|_| PacketError)?;
                let ack = match ack {
                    "" => None,
                    digits => Some(digits.parse().map_err(|_| PacketError)?),
                };
                let argument = arguments.get_mut(1).map(Value::take).unwrap_or_default();
                let Some(Value::String(name)) = arguments.into_iter().next() else { return Err(PacketError) };
                ClientPacket::Call { name, argument, ack }
            }
            b'3' => ClientPacket::Answer,
            _ => return Err(PacketError),
        };
        Ok(Received::To(namespace, packet))
    }
}

/// The client is connected; `sid` names its connection.
pub fn connected(namespace: Namespace, sid: &str) -> String {
    format!("0{}{}", namespace.prefix(), json!({"sid": sid}))
}

/// The client is not let in: `message` and `data` of its `connect_error`.
pub fn connect_error(namespace: Namespace, message: &str, data: &Value) -> String {
    format!("4{}{}", namespace.prefix(), json!({"message": message, "data": data}))
}

/// The same for a namespace that is not here.
pub fn no_such_namespace(name: &str) -> String {
    format!("4{name},{}", json!({"message": "Invalid namespace", "data": {"code": "not_found"}}))
}

/// The client is shown out; it does not come back by itself.
pub fn disconnect(namespace: Namespace) -> String {
    format!("1{}", namespace.prefix())
}

/// An event with one argument.
pub fn say(namespace: Namespace, name: &str, argument: &Value) -> String {
    format!("2{}{}", namespace.prefix(), json!([name, argument]))
}

/// An answer.
pub fn ack(namespace: Namespace, id: u64, argument: &Value) -> String {
    format!("3{}{id}{}", namespace.prefix(), json!([argument]))
}

/// An event of a room, under its own name: its data with its type, then where and when it happened.
pub fn event(namespace: Namespace, event: &Event) -> serde_json::Result<String> {
    let Value::Object(mut about) = serde_json::to_value(event)? else { return Ok(String::new()) };
    about.shift_remove("type");
    let data = match about.shift_remove("data") {
        // What the data itself calls its type stays: the event's is its name.
        Some(Value::Object(data)) if data.contains_key("type") => Value::Object(data),
        data => {
            let mut typed = Map::from_iter([("type".to_owned(), Value::from(event.kind.as_str()))]);
            match data {
                Some(Value::Object(data)) => typed.extend(data),
                None | Some(Value::Null) => {}
                Some(data) => drop(typed.insert("data".into(), data)),
            }
            Value::Object(typed)
        }
    };
    Ok(format!("2{}{}", namespace.prefix(), json!([event.kind, data, about])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Room};
    use crate::id::{Epoch, EventId};
    use crate::time::Timestamp;

    #[test]
    fn packets_are_read_as_clients_write_them() {
        use ClientPacket::{Answer, Call, Connect, Disconnect};
        use Namespace::{Main, Realtime};
        let call = |name: &str, argument, ack| Call { name: name.into(), argument, ack };
        for (text, namespace, packet) in [
            ("0", Main, Connect(Value::Null)),
            (r#"0{"token":"t"}"#, Main, Connect(json!({"token": "t"}))),
            (r#"0/realtime,{"token":"t"}"#, Realtime, Connect(json!({"token": "t"}))),
            ("0/realtime?x=1,", Realtime, Connect(Value::Null)),
            ("1", Main, Disconnect),
            ("1/realtime", Realtime, Disconnect),
            ("1/realtime,", Realtime, Disconnect),
            (r#"2["a"]"#, Main, call("a", Value::Null, None)),
            (r#"2/realtime,12["a",{"b":1},2]"#, Realtime, call("a", json!({"b": 1}), Some(12))),
            ("31[]", Main, Answer),
        ] {
            assert_eq!(Received::parse(text), Ok(Received::To(namespace, packet)), "{text}");
        }
        assert_eq!(Received::parse("0/admin,"), Ok(Received::Elsewhere("/admin".into())));
        for text in [
            "",
            "x",
            "é",
            "4",
            "9",
            "2",
            "2[]",
            "2[1]",
            "2{}",
            "0{",
            "51-[\"a\"]",
            "299999999999999999999[\"a\"]",
        ] {
            assert_eq!(Received::parse(text), Err(PacketError), "{text}");
        }
    }

    #[test]
    fn an_event_has_its_name_its_data_and_its_place() {
        let event_of = |data| Event {
            kind: "issue.updated".into(),
            id: EventId::parse("e").unwrap(),
            room: Room::parse("issue:42").unwrap(),
            epoch: Epoch::parse("epo").unwrap(),
            offset: Some(7),
            at: Timestamp::from_millis(0),
            actor: Some(Actor { id: "a".into(), name: "Ann".into() }),
            correlation_id: None,
            data,
            after: None,
        };
        let place = r#"{"id":"e","room":"issue:42","epoch":"epo","offset":7,"at":"1970-01-01T00:00:00.000Z","actor":{"id":"a","name":"Ann"}}"#;
        for (data, shown) in [
            (json!({"issueId": "42"}), r#"{"type":"issue.updated","issueId":"42"}"#),
            (json!({"type": "bug"}), r#"{"type":"bug"}"#),
            (Value::Null, r#"{"type":"issue.updated"}"#),
            (json!([1]), r#"{"type":"issue.updated","data":[1]}"#),
        ] {
            let packet = event(Namespace::Realtime, &event_of(data)).unwrap();
            assert_eq!(packet, format!(r#"2/realtime,["issue.updated",{shown},{place}]"#));
        }
    }

    #[test]
    fn packets_are_written_as_clients_read_them() {
        assert_eq!(connected(Namespace::Main, "s"), r#"0{"sid":"s"}"#);
        assert_eq!(
            ack(Namespace::Realtime, 3, &json!({"success": true})),
            r#"3/realtime,3[{"success":true}]"#
        );
        assert_eq!(disconnect(Namespace::Realtime), "1/realtime,");
        assert_eq!(say(Namespace::Main, "closed", &json!(1)), r#"2["closed",1]"#);
    }
}
