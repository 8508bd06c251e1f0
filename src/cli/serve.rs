//! `eyewall demo --serve ADDR`: only the simulated AWS, for any AWS client, until interrupted.

use super::out::Out;
use super::session::Setup;
use super::{Failure, console, shell};
use crate::demo::serve;
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;

/// Serves until SIGINT, SIGTERM or SIGHUP.
///
/// # Errors
/// An address that is taken or reachable from other machines.
pub fn run(setup: &Setup, address: SocketAddr, out: &mut Out) -> Result<(), Failure> {
    console::runtime()?.block_on(async {
        let sim =
            setup.sim(setup.clock())?.ok_or_else(|| Failure::usage("--serve belongs to `eyewall demo`"))?;
        let listener = serve::bind(address).await.map_err(|error| Failure::usage(error.to_string()))?;
        let address = listener.local_addr().map_err(Failure::failed)?;
        // Port 0 is chosen by the system: whoever started this reads it here.
        out.text(&format!(
            "AWS_ENDPOINT_URL=http://{address} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
        ))?;
        let cancel = CancellationToken::new();
        tokio::select! {
            () = serve::run(listener, sim, cancel.clone()) => {}
            () = shell::interrupted() => cancel.cancel(),
        }
        Ok(())
    })
}
