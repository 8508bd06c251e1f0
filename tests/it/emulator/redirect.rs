//! An HTTP client that sends every request to one address, whatever it was addressed to. So a connection
//! made for the simulated world, which reads no environment and no files, reaches an emulator.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::sync::Arc;

/// The console's own client, with every request sent to `url`.
pub fn client(url: &str) -> SharedHttpClient {
    let inner = eyewall::aws::http::client(None).unwrap();
    SharedHttpClient::new(Redirect { inner, url: url.into() })
}

#[derive(Debug)]
struct Redirect<T> {
    inner: T,
    url: Arc<str>,
}

impl HttpClient for Redirect<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Redirect { inner, url: Arc::clone(&self.url) })
    }
}

impl HttpConnector for Redirect<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let (_, rest) = request.uri().split_once("://").unwrap();
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        request.set_uri(format!("{}/{path}", self.url)).unwrap();
        self.inner.call(request)
    }
}
