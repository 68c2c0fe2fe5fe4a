//! Who gets in with a token, and as whom.

use std::time::Duration;

use aitk_server::{Clock, Config, JwtKey, JwtSettings, Server};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::platform::Platform;
use crate::tokens::{self, AUDIENCE, Issuer, SECRET, claims};

#[tokio::test]
async fn a_token_of_each_kind_of_key_opens_its_projects() {
    for issuer in [Issuer::of_secret(SECRET), Issuer::rsa(), Issuer::ec(), Issuer::ed()] {
        let platform = Platform::start_with(|config| config.jwt = Some(issuer.accepted())).await;
        let (one, two) = (platform.project("one").await, platform.project("two").await);
        platform.project("three").await;
        let token = issuer.sign(&claims(&platform, "ann", json!({"projects": [one, "two", "gone"]})));
        let ann = platform.as_key(&token);
        let projects = ann.get("/api/projects").await.expect(200);
        assert_eq!(projects.as_array().unwrap().len(), 2, "{:?}", issuer.algorithm);
        ann.get(&format!("/api/projects/{two}/docs")).await.expect(200);
        ann.get("/api/projects/three/docs").await.refused(404, "not_found");
        ann.save(&one, "a.md", b"x").await.refused(403, "forbidden");
        let bearer = ann.http().get(format!("{}/api/projects/one", ann.url)).bearer_auth(&token);
        assert_eq!(bearer.send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn no_trick_with_a_token_opens_anything() {
    let rsa = Issuer::rsa();
    let mut accepted = rsa.accepted();
    accepted.issuer = Some("https://issuer.example".into());
    let platform = Platform::start_with(|config| {
        config.jwt = Some(accepted);
        config.limits.auth_failures = 1_000;
    });
    let platform = platform.await;
    let now = platform.clock.now().as_millis() / 1000;
    let with = |more: Value| {
        let mut all = json!({"iss": "https://issuer.example"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims(&platform, "ann", all)
    };
    let good = rsa.sign(&with(json!({})));
    platform.as_key(&good).get("/api/projects").await.expect(200);

    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let admin = tokens::base64(&with(json!({"role": "admin"})).to_string());
    let none = |alg: &str| tokens::base64(&json!({"alg": alg, "typ": "JWT"}).to_string());
    let hs = |secret: &str| {
        encode(&Header::new(Algorithm::HS256), &with(json!({})), &EncodingKey::from_secret(secret.as_bytes()))
            .unwrap()
    };
    let critical = Header { crit: Some(vec!["b64".into()]), ..Header::new(Algorithm::RS256) };
    let own_key = json!({"alg": "RS256", "jwk": Issuer::rsa().jwk()});
    let long = with(json!({"rooms": vec!["issue:12345678"; 1_000]}));
    for (what, token) in [
        ("no algorithm", format!("{}.{payload}.", none("none"))),
        ("no algorithm, signed", format!("{}.{payload}.{signature}", none("None"))),
        ("an algorithm that is none", format!("{}.{payload}.{signature}", none("XS256"))),
        ("the public key as a secret", hs(&rsa.pem)),
        ("the public key as a secret, trimmed", hs(rsa.pem.trim())),
        ("some secret", hs(SECRET)),
        ("another algorithm of the same key", {
            encode(&Header::new(Algorithm::RS512), &with(json!({})), &rsa.key).unwrap()
        }),
        ("another kind of key", Issuer::ec().sign(&with(json!({})))),
        ("another key of the kind", Issuer::rsa().sign(&with(json!({})))),
        (
            "a key that the token brings",
            format!("{}.{payload}.{signature}", tokens::base64(&own_key.to_string())),
        ),
        ("other claims", format!("{header}.{admin}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("half of it", format!("{header}.{payload}")),
        ("one part more", format!("{good}.{signature}")),
        ("critical headers", encode(&critical, &with(json!({})), &rsa.key).unwrap()),
        ("another audience", rsa.sign(&with(json!({"aud": "billing"})))),
        ("other audiences", rsa.sign(&with(json!({"aud": ["billing", "mail"]})))),
        ("no audience", rsa.sign(&with(json!({"aud": null})))),
        ("another issuer", rsa.sign(&with(json!({"iss": "https://issuer.example.org"})))),
        ("a list of issuers", rsa.sign(&with(json!({"iss": ["https://issuer.example"]})))),
        ("no issuer", rsa.sign(&with(json!({"iss": null})))),
        ("an end in the past", rsa.sign(&with(json!({"exp": now - 1})))),
        ("an end at this moment", rsa.sign(&with(json!({"exp": 0})))),
        ("no end", rsa.sign(&with(json!({"exp": null})))),
        ("an end in words", rsa.sign(&with(json!({"exp": "2099-01-01T00:00:00Z"})))),
        ("a beginning in the future", rsa.sign(&with(json!({"nbf": now + 60})))),
        ("a beginning in words", rsa.sign(&with(json!({"nbf": "now"})))),
        ("nobody", rsa.sign(&with(json!({"sub": null})))),
        ("an empty name of nobody", rsa.sign(&with(json!({"sub": ""})))),
        ("a number for somebody", rsa.sign(&with(json!({"sub": 7})))),
        ("the id of a key", rsa.sign(&with(json!({"sub": "key_0123"})))),
        ("an unknown role", rsa.sign(&with(json!({"role": "king"})))),
        ("a room that is none", rsa.sign(&with(json!({"rooms": ["*"]})))),
        ("projects that are no list", rsa.sign(&with(json!({"projects": "one"})))),
        ("more than a header holds", rsa.sign(&long)),
        ("words", "what.ever.this-is".into()),
    ] {
        let refused = platform.as_key(&token).get("/api/projects").await.refused(401, "unauthorized");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with("this "), "{what}: {detail}");
        assert!(!token.split('.').any(|part| part.len() > 8 && detail.contains(part)), "{what}: {detail}");
    }
}

#[tokio::test]
async fn several_audiences_and_a_fast_clock_of_the_issuer_are_fine() {
    let (platform, issuer) = tokens::platform().await;
    let now = platform.clock.now().as_millis() / 1000;
    for more in [
        json!({"aud": ["mail", AUDIENCE]}),
        json!({"nbf": now + 5}),
        json!({"iss": "anybody", "exp": (now + 60) as f64 + 0.5}),
        json!({"name": "  Ann\u{1b}[2J ", "role": "lead", "unknown": {"x": 1}}),
    ] {
        let token = issuer.sign(&claims(&platform, "ann", more.clone()));
        assert_eq!(platform.as_key(&token).get("/api/projects").await.status, 200, "{more}");
    }
}

#[tokio::test]
async fn a_token_ends_at_its_moment() {
    let (platform, issuer) = tokens::platform().await;
    let ann = platform.as_key(&issuer.sign(&claims(&platform, "ann", json!({}))));
    ann.get("/api/projects").await.expect(200);
    platform.clock.advance(Duration::from_secs(3_600));
    let refused = ann.get("/api/projects").await.refused(401, "unauthorized");
    assert_eq!(refused["detail"], "this token has expired");
}

#[tokio::test]
async fn a_role_is_capped_by_the_server() {
    use aitk_shared::role::Role;
    for (cap, role, writes, administers) in [
        (Role::Lead, "lead", 201, 403),
        (Role::Lead, "admin", 201, 403),
        (Role::Developer, "lead", 403, 403),
        (Role::Developer, "service", 403, 403),
        (Role::Admin, "admin", 201, 201),
    ] {
        let (platform, issuer) =
            tokens::platform_with(|config| config.jwt.as_mut().unwrap().max_role = cap).await;
        let project = platform.project("p").await;
        let more = json!({"role": role, "projects": [project], "name": "Ann"});
        let ann = platform.as_key(&issuer.sign(&claims(&platform, "ann", more)));
        assert_eq!(ann.save(&project, "a.md", b"x").await.status, writes, "{role} of {cap}");
        let made = ann.post("/api/projects", json!({"name": "q"})).await;
        assert_eq!(made.status, administers, "{role} of {cap}");
        if writes == 201 {
            let lock = ann.post(&format!("/api/projects/{project}/lock"), json!({})).await.expect(201);
            assert_eq!(lock["lockedBy"], "Ann");
            let history = ann.get(&format!("/api/projects/{project}/history")).await.expect(200);
            assert!(history.to_string().contains("Ann"), "{history}");
        }
    }
}

#[tokio::test]
async fn keys_of_a_file_are_chosen_by_name_and_read_again_when_it_changes() {
    let (old, new) = (Issuer::rsa().named("old"), Issuer::ed().named("new"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("jwks.json");
    let other = json!({"kty": "RSA", "use": "enc", "kid": "seal", "n": "AQAB", "e": "AQAB"});
    let secret = json!({"kty": "oct", "kid": "shared", "k": tokens::base64(SECRET)});
    let write = |keys: &[Value]| std::fs::write(&file, json!({"keys": keys}).to_string()).unwrap();
    write(&[other.clone(), secret.clone(), old.jwk()]);
    let accepted = JwtSettings { key: JwtKey::JwksFile(file.clone()), ..old.accepted() };
    let platform = Platform::start_with(|config| {
        config.jwt = Some(accepted);
        config.limits.auth_failures = 1_000;
    });
    let platform = platform.await;
    let holds = async |issuer: &Issuer| {
        let token = issuer.sign(&claims(&platform, "ann", json!({})));
        let answer = platform.as_key(&token).get("/api/projects").await;
        assert!(answer.status == 200 || answer.status == 401, "{}", answer.body);
        answer.status == 200
    };
    let nameless = Issuer { kid: None, key: old.key.clone(), pem: String::new(), jwk: Value::Null, ..old };
    assert_eq!((holds(&old).await, holds(&new).await), (true, false));
    assert!(holds(&nameless).await, "of a single key the name is not needed");
    assert!(!holds(&Issuer::of_secret(SECRET).named("shared")).await, "a secret is no public key");

    // Both, while the issuer changes over: a new name is looked for at once.
    write(&[old.jwk(), new.jwk()]);
    assert_eq!((holds(&new).await, holds(&old).await), (true, true));
    assert!(!holds(&nameless).await, "which of the two?");
    let forged = Issuer::ed().named("old");
    assert!(!holds(&forged).await, "a key of another kind under a known name");

    // Half written: what was known stays.
    std::fs::write(&file, "{\"keys\": [").unwrap();
    platform.clock.advance(Duration::from_secs(2));
    assert!(holds(&old).await);
    write(&[new.jwk()]);
    platform.clock.advance(Duration::from_secs(2));
    assert_eq!((holds(&old).await, holds(&new).await), (false, true));
}

#[tokio::test]
async fn a_server_says_which_setting_of_tokens_cannot_be() {
    let dir = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = dir.path().join("key");
        std::fs::write(&path, text).unwrap();
        path
    };
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (key, word) in [
        (JwtKey::Secret("short".parse().unwrap()), "32 bytes"),
        (JwtKey::Secret(Issuer::ed().pem.parse().unwrap()), "jwt-public-key"),
        (JwtKey::PublicKey(private.into()), "private key"),
        (JwtKey::PublicKey(Issuer::rsa().pem.replace("PUBLIC KEY", "CERTIFICATE")), "certificate"),
        (JwtKey::PublicKey("/nowhere/key.pem".into()), "/nowhere/key.pem"),
        (JwtKey::PublicKey("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".into()), "PEM"),
        (JwtKey::JwksFile("/nowhere/jwks.json".into()), "/nowhere/jwks.json"),
        (JwtKey::JwksFile(file(r#"{"keys": []}"#)), "no key"),
    ] {
        let mut config = Config::in_folder(&dir.path().join("data"));
        config.jwt = Some(JwtSettings { key, ..Issuer::of_secret(SECRET).accepted() });
        assert!(!format!("{config:?}").contains("short"), "no secret is shown");
        let error = format!("{:#}", Server::start(config, Clock::default()).await.err().unwrap());
        assert!(error.contains(word), "{word}: {error}");
    }
    let pem = file(&Issuer::ec().pem);
    let mut config = Config::in_folder(&dir.path().join("data"));
    let key = JwtKey::PublicKey(pem.to_str().unwrap().into());
    config.jwt = Some(JwtSettings { key, ..Issuer::of_secret(SECRET).accepted() });
    Server::start(config, Clock::default()).await.unwrap().stop().await.unwrap();
}
