//! One key that checks signatures, and the one algorithm that it is for.

use aitk_shared::limits;
use anyhow::{Context, bail};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::config::Secret;

/// RSA keys below 2048 bits are weak, and beyond 8192 they are a way to keep a server busy.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key, pinned to its algorithm.
pub struct Key {
    /// The key.
    pub key: DecodingKey,
    /// What it is for.
    pub algorithm: Algorithm,
}

impl Key {
    /// A secret that issuer and server share: HS256.
    pub fn of_secret(secret: &Secret) -> anyhow::Result<Self> {
        let secret = secret.as_str().as_bytes();
        if secret.len() < limits::JWT_SECRET_BYTES {
            bail!(
                "jwt-secret: needs at least {} bytes, as of `openssl rand -hex 32`",
                limits::JWT_SECRET_BYTES
            );
        }
        if secret.starts_with(b"-----BEGIN") {
            bail!("jwt-secret: this is a key in PEM form; a public one belongs into jwt-public-key");
        }
        Ok(Key { key: DecodingKey::from_secret(secret), algorithm: Algorithm::HS256 })
    }

    /// A public key in PEM form, or the file that holds it: RS256, ES256 or EdDSA by its kind.
    pub fn of_pem(pem_or_file: &str) -> anyhow::Result<Self> {
        let text = match pem_or_file.trim_start().starts_with("-----BEGIN") {
            true => pem_or_file.to_owned(),
            false => std::fs::read_to_string(pem_or_file)
                .with_context(|| format!("jwt-public-key: cannot read {pem_or_file}"))?,
        };
        if text.contains("PRIVATE KEY") {
            bail!("jwt-public-key: this is a private key; a server needs only the public one");
        }
        // A certificate has a key in it, and an end and an issuer that nobody here would check.
        if text.contains("CERTIFICATE") {
            bail!("jwt-public-key: this is a certificate; `openssl x509 -pubkey -noout` takes its key out");
        }
        let pem = text.as_bytes();
        let key = DecodingKey::from_ed_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_rsa_pem(pem));
        let jwk = key.and_then(|key| Jwk::from_decoding_key(&key, None));
        let jwk = jwk.ok().context("jwt-public-key: not a public key in PEM form (RSA, P-256 or Ed25519)")?;
        Key::of_jwk(&jwk).context("jwt-public-key")
    }

    /// A public key of a set.
    pub fn of_jwk(jwk: &Jwk) -> anyhow::Result<Self> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            AlgorithmParameters::OctetKey(_) => bail!("a secret has no place in a file of public keys"),
            _ => bail!("a key is RSA, P-256 or Ed25519"),
        };
        if let Some(said) = jwk.common.key_algorithm
            && said != KeyAlgorithm::from(algorithm)
        {
            bail!("a key of this kind is for {algorithm:?}, not for {said}");
        }
        let key = DecodingKey::from_jwk(jwk)?;
        let fits = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => {
                let n = modulus_bytes(&key);
                RSA_BYTES.contains(&n)
            }
            AlgorithmParameters::EllipticCurve(_) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.try_get_as_bytes()?).is_ok()
            }
            _ => key.try_get_as_bytes()?.len() == 32,
        };
        match fits {
            true => Ok(Key { key, algorithm }),
            false => bail!("a key that is none, or an RSA key of less than 2048 or more than 8192 bits"),
        }
    }
}

fn modulus_bytes(key: &DecodingKey) -> usize {
    match key.kind() {
        jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => {
            n.iter().skip_while(|byte| **byte == 0).count()
        }
        _ => 0,
    }
}
