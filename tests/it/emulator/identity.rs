//! STS, as moto answers it.

use super::{connect, moto};
use crate::common::poll;
use eyewall::features::session::IdentitySource;
use eyewall::features::{Payload, Query};

#[tokio::test]
async fn moto_says_who_we_are() {
    let Some(server) = moto("moto_says_who_we_are") else { return };
    let (conn, clock) = connect(server).await;
    let Ok(Payload::Identity(identity)) =
        poll(&mut IdentitySource::new(&conn), &Query::Identity, clock).await
    else {
        panic!("no identity")
    };
    assert_eq!(identity.account, "123456789012");
}
