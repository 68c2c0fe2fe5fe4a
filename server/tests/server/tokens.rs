//! Tokens of an issuer that the server trusts, or does not.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{rand, rsa};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use aitk_server::{Config, JwtKey, JwtSettings};

use crate::platform::Platform;

/// Of at least 32 bytes, as the server wants it.
pub const SECRET: &str = "a secret that issuer and server share";
pub const AUDIENCE: &str = "docs";

/// Signs tokens.
pub struct Issuer {
    pub algorithm: Algorithm,
    pub kid: Option<&'static str>,
    pub key: EncodingKey,
    /// The public key as PEM; empty for a secret.
    pub pem: String,
    pub jwk: Value,
}

impl Issuer {
    pub fn of_secret(secret: &str) -> Self {
        let key = EncodingKey::from_secret(secret.as_bytes());
        Issuer { algorithm: Algorithm::HS256, kid: None, key, pem: String::new(), jwk: Value::Null }
    }

    pub fn rsa() -> Self {
        let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
        let parts = rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        Issuer {
            algorithm: Algorithm::RS256,
            kid: None,
            // The PKCS #1 key begins behind PKCS #8's 26 bytes of wrapping.
            key: EncodingKey::from_rsa_der(&private.as_ref()[26..]),
            pem: pem(public.as_ref()),
            jwk: json!({"kty": "RSA", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(parts.n), "e": URL_SAFE_NO_PAD.encode(parts.e)}),
        }
    }

    pub fn ec() -> Self {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rand::SystemRandom::new())
            .unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref()).unwrap();
        let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        Issuer {
            algorithm: Algorithm::ES256,
            kid: None,
            key: EncodingKey::from_ec_der(der.as_ref()),
            pem: pem(public.as_ref()),
            jwk: json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)}),
        }
    }

    pub fn ed() -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
        let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
        Issuer {
            algorithm: Algorithm::EdDSA,
            kid: None,
            key: EncodingKey::from_ed_der(der.as_ref()),
            pem: pem(public.as_ref()),
            jwk: json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())}),
        }
    }

    pub fn named(self, kid: &'static str) -> Self {
        Issuer { kid: Some(kid), ..self }
    }

    /// The public key as a JWKS file has it.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.jwk.clone();
        if let Some(kid) = self.kid {
            jwk["kid"] = kid.into();
        }
        jwk
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.kid.map(str::to_owned), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }

    /// The setting that accepts these tokens.
    pub fn accepted(&self) -> JwtSettings {
        let key = match self.algorithm {
            Algorithm::HS256 => JwtKey::Secret(SECRET.parse().unwrap()),
            _ => JwtKey::PublicKey(self.pem.clone()),
        };
        JwtSettings { key, audience: AUDIENCE.into(), issuer: None, max_role: aitk_shared::role::Role::Lead }
    }
}

/// A server that takes the tokens of [`SECRET`], and who signs them.
pub async fn platform() -> (Platform, Issuer) {
    platform_with(|_| {}).await
}

pub async fn platform_with(adjust: impl FnOnce(&mut Config)) -> (Platform, Issuer) {
    let issuer = Issuer::of_secret(SECRET);
    let accepted = issuer.accepted();
    let platform = Platform::start_with(|config| {
        config.jwt = Some(accepted);
        adjust(config);
    });
    (platform.await, issuer)
}

/// Claims of somebody for the next hour; `more` adds and, with null, takes away.
pub fn claims(platform: &Platform, sub: &str, more: Value) -> Value {
    let now = platform.clock.now().as_millis() / 1000;
    let mut claims = json!({"sub": sub, "aud": AUDIENCE, "exp": now + 3600});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

pub fn base64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}
