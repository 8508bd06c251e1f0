//! `demo --serve`: the same simulator behind a socket on this machine, for any AWS client.
//!
//! Plain HTTP/1.1, loopback only: it checks no signature and so must not be reachable from elsewhere.
//! Bodies, connections and their number are bounded. What is answered is decided in `sim.rs`.

use super::sim::{SimAws, SimBody};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Bytes of one request's body.
const MOST_BODY: usize = 1024 * 1024;
/// Connections at the same time; more wait.
const MOST_CONNECTIONS: usize = 64;

/// Why the simulator could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is reachable from other machines.
    #[error(
        "{0} is not a loopback address: the simulator checks no signatures, so it is served on this machine only, for example on 127.0.0.1:4566"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or not there.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, #[source] io::Error),
}

/// Listens on a loopback address.
///
/// # Errors
/// When the address is not loopback, or cannot be listened on.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|error| ServeError::Bind(address, error))
}

/// Serves until cancelled. A connection that fails ends alone.
pub async fn run(listener: TcpListener, sim: SimAws, cancel: CancellationToken) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, slot)) = accepted else { continue };
        let sim = sim.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| handle(sim.clone(), request));
            let served =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = served.await {
                // Cut bodies and clients that hang up end here; both are ordinary.
                tracing::debug!(%error, "a connection to the simulator ended");
            }
            drop(slot);
        });
    }
    connections.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "the simulator could not accept a connection");
            None
        }
    }
}

async fn handle(sim: SimAws, request: Request<Incoming>) -> Result<Response<SimBody>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MOST_BODY).collect().await else {
        return Ok(too_large());
    };
    let request = Request::from_parts(parts, body.to_bytes());
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    Ok(sim.respond_streaming(&request, sleep).await)
}

fn too_large() -> Response<SimBody> {
    let text = Bytes::from_static(br#"{"__type":"RequestEntityTooLargeException","message":"The body is larger than 1 MB or broke off."}"#);
    let mut response = Response::new(Full::new(text).map_err(|never| match never {}).boxed());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::Scenario;
    use jiff::Timestamp;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn exchange(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // A refused body may end in a reset; what came before it counts.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn only_loopback_is_served() {
        let error = bind("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("0.0.0.0:0 is not a loopback address"));
        assert!(bind("[::ffff:10.0.0.1]:0".parse().unwrap()).await.is_err());
    }

    #[tokio::test]
    async fn answers_over_a_socket_until_cancelled() {
        let start = Timestamp::from_second(1_795_341_600).unwrap();
        let sim = SimAws::new(Scenario::builtin("quiet").unwrap(), 1, start, Arc::new(move || start));
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let cancel = CancellationToken::new();
        let server = tokio::spawn(run(listener, sim.clone(), cancel.clone()));

        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                    Authorization: AWS4-HMAC-SHA256 Credential=A/20261122/eu-west-1/sts/aws4_request, Signature=0\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        let asked = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let answer = exchange(address, asked.as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("<Account>111122223333</Account>"),
            "{answer}"
        );

        sim.add_fault("sts:*=cut:20*1".parse().unwrap());
        let answer = exchange(address, asked.as_bytes()).await;
        assert!(answer.contains("<GetCallerIdentityRe\r\n"), "{answer}");
        assert!(!answer.ends_with("0\r\n\r\n"), "a cut body has no end: {answer}");

        let large = format!("{head}Content-Length: {}\r\n\r\n{}", MOST_BODY + 1, "x".repeat(MOST_BODY + 1));
        let answer = exchange(address, large.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");

        cancel.cancel();
        server.await.unwrap();
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
}
