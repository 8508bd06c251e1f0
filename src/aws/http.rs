//! The way out: one HTTP client for all targets, honouring the proxy variables and `AWS_CA_BUNDLE`, and
//! what listens on each client: retries and the clock skew are counted, Live Tail's host is kept as it is.

use super::meter::Meter;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The real client. `ca_bundle` is the text of a PEM file whose certificates are trusted besides the
/// system's; an error says what is wrong with it.
pub fn client(ca_bundle: Option<&str>) -> Result<SharedHttpClient, String> {
    let mut trust = TrustStore::default().with_native_roots(true);
    if let Some(pem) = ca_bundle {
        check_pem(pem)?;
        trust = trust.with_pem_certificate(pem);
    }
    let tls = TlsContext::builder().with_trust_store(trust).build().map_err(|error| error.to_string())?;
    // Only a connector built by hand takes a proxy: the client's own builder has no setting for it.
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls.clone())
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    }))
}

/// The SDK panics on a bundle it cannot read, at the first request: so it is read here first.
fn check_pem(pem: &str) -> Result<(), String> {
    let mut certificates = 0;
    let mut rest = pem;
    while let Some((_, block)) = rest.split_once("-----BEGIN CERTIFICATE-----") {
        let Some((body, after)) = block.split_once("-----END CERTIFICATE-----") else {
            return Err("the last certificate is cut off".to_owned());
        };
        certificates += 1;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|error| format!("certificate {certificates}: {error}"))?;
        if !is_sequence(&der) {
            return Err(format!("certificate {certificates}: not an X.509 certificate"));
        }
        rest = after;
    }
    if certificates == 0 { Err("it holds no certificate".to_owned()) } else { Ok(()) }
}

/// Whether DER bytes are one SEQUENCE (long form, as every certificate is) of just their length.
fn is_sequence(der: &[u8]) -> bool {
    let (length, header) = match der {
        [0x30, 0x81, a, ..] => (usize::from(*a), 3),
        [0x30, 0x82, a, b, ..] => (usize::from(*a) << 8 | usize::from(*b), 4),
        _ => return false,
    };
    der.len() == length + header
}

/// No `Date` was seen yet.
const UNSEEN: i64 = i64::MIN;

/// The difference between AWS's clock and ours, as last seen.
#[derive(Debug)]
pub(super) struct Skew(AtomicI64);

impl Default for Skew {
    fn default() -> Self {
        Self(AtomicI64::new(UNSEEN))
    }
}

impl Skew {
    /// Seconds that the local clock is ahead of AWS's; negative when behind.
    pub fn seconds(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seconds| *seconds != UNSEEN)
    }
}

/// Counts what leaves and what the SDK does by itself, and reads the clock skew off each answer.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    pub meter: Arc<Meter>,
    pub skew: Arc<Skew>,
    pub time: SharedTimeSource,
    /// Requests that were signed and handed to the HTTP client, whatever became of them.
    pub left: Arc<AtomicU64>,
}

impl Intercept for Tap {
    fn name(&self) -> &'static str {
        "EyewallTap"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.left.fetch_add(1, Ordering::SeqCst);
        if config.load::<RequestAttempts>().is_some_and(|made| made.attempts() > 1) {
            self.meter.count_retry();
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(theirs) = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok()) {
            let ours = DateTime::from(self.time.now());
            self.skew.0.store(ours.secs() - theirs.secs(), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `StartLiveTail` puts `stream-` before the host, on an overridden endpoint too, where it does not
/// resolve. Added only when there is an override.
#[derive(Debug)]
pub(super) struct KeepHost;

impl Intercept for KeepHost {
    fn name(&self) -> &'static str {
        "EyewallKeepHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(plain) = without_prefix(request.uri()) {
            request.set_uri(plain)?;
        }
        Ok(())
    }
}

fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    Some(format!("{scheme}://{}", rest.strip_prefix("stream-")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(der: &[u8]) -> String {
        format!("# corp\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
    }

    #[test]
    fn a_bundle_is_checked_before_the_sdk_sees_it() {
        let good = pem(&[0x30, 0x82, 0x00, 0x02, 1, 2]);
        let cases = [
            (good.clone(), Ok(())),
            (good.repeat(3), Ok(())),
            (String::new(), Err("it holds no certificate")),
            (good.replace("END", "EMD"), Err("the last certificate is cut off")),
            (pem(b"<html></html>"), Err("certificate 1: not an X.509 certificate")),
            (pem(&[0x30, 0x82, 0x00, 0x09, 1, 2]), Err("certificate 1: not an X.509 certificate")),
            (format!("{good}{}", pem(&[]).replace("\n\n", "\n*\n")), Err("certificate 2")),
        ];
        for (text, expected) in cases {
            match expected {
                Ok(()) => assert_eq!(check_pem(&text), Ok(())),
                Err(start) => assert!(check_pem(&text).unwrap_err().starts_with(start), "{text}"),
            }
        }
    }

    #[test]
    fn only_live_tails_prefix_is_taken_off() {
        let cases = [
            ("http://stream-127.0.0.1:4700/", Some("http://127.0.0.1:4700/")),
            ("http://127.0.0.1:4700/stream-x", None),
            ("nonsense", None),
        ];
        for (uri, expected) in cases {
            assert_eq!(without_prefix(uri).as_deref(), expected);
        }
    }
}
