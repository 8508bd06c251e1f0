//! Roles, with MFA: the SDK ignores `mfa_serial`, so Eyewall assumes such roles itself.
//!
//! The code is typed on screen and put on the [`MfaDesk`]; until it lies there every call of the target
//! fails with [`MfaError::Needed`]. Credentials are kept in memory until they expire, and nowhere else.

use super::meter::Meter;
use super::operation::ASSUME_ROLE;
use super::profile::RoleStep;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_async::time::SharedTimeSource;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Credentials this close to their end are renewed, not used.
const MARGIN: Duration = Duration::from_mins(1);

/// A one-time code on its way from the keyboard to STS. Never printed; overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaCode(String);

impl MfaCode {
    /// A code as typed; spaces do not count.
    pub fn new(typed: &str) -> Self {
        Self(typed.chars().filter(|c| !c.is_whitespace()).collect())
    }

    /// Whether it has the form STS takes: six digits.
    pub fn is_complete(&self) -> bool {
        self.0.len() == 6 && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl fmt::Debug for MfaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for MfaCode {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
    }
}

/// Why a role that wants MFA could not be assumed. `classify.rs` finds it among the sources of an SDK error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MfaError {
    /// No code was given yet.
    #[error("{serial}: a code is needed")]
    Needed {
        /// The device.
        serial: String,
    },
    /// STS did not take the code.
    #[error("{serial}: {said}")]
    Refused {
        /// The device.
        serial: String,
        /// What STS said.
        said: String,
    },
}

/// Where a target's MFA code is left, and where the credentials it bought are kept.
#[derive(Default)]
pub struct MfaDesk {
    code: Mutex<Option<MfaCode>>,
    bought: Arc<Mutex<BTreeMap<String, Credentials>>>,
}

impl fmt::Debug for MfaDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaDesk(***)")
    }
}

impl MfaDesk {
    /// A desk with a code of its own, beside this one: a role that was bought at either is not bought again.
    pub fn beside(&self) -> Self {
        Self { code: Mutex::default(), bought: self.bought.clone() }
    }

    /// Leaves a code; the next call uses it up.
    pub fn put(&self, code: MfaCode) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }

    fn take(&self) -> Option<MfaCode> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn kept(&self, role_arn: &str, time: &SharedTimeSource) -> Option<Credentials> {
        let mut bought = self.bought.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = time.now() + MARGIN;
        bought.retain(|_, credentials| credentials.expiry().is_none_or(|end| end > limit));
        bought.get(role_arn).cloned()
    }

    fn keep(&self, role_arn: &str, credentials: &Credentials) {
        let mut bought = self.bought.lock().unwrap_or_else(PoisonError::into_inner);
        bought.insert(role_arn.to_owned(), credentials.clone());
    }
}

/// Assumes one role on top of the credentials its STS client has.
#[derive(Debug)]
pub(super) struct RoleProvider {
    pub sts: aws_sdk_sts::Client,
    pub step: RoleStep,
    pub desk: Arc<MfaDesk>,
    pub time: SharedTimeSource,
    pub meter: Arc<Meter>,
}

impl RoleProvider {
    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let role_arn = &self.step.role_arn;
        let mut request = self
            .sts
            .assume_role()
            .role_arn(role_arn)
            .role_session_name(self.step.session_name.as_deref().unwrap_or("eyewall"))
            .set_external_id(self.step.external_id.clone())
            .set_duration_seconds(self.step.duration_seconds);
        if let Some(serial) = &self.step.mfa_serial {
            if let Some(kept) = self.desk.kept(role_arn, &self.time) {
                return Ok(kept);
            }
            let needed = || CredentialsError::provider_error(MfaError::Needed { serial: serial.clone() });
            let code = self.desk.take().ok_or_else(needed)?;
            request = request.serial_number(serial).token_code(&code.0);
        }
        // Free of charge, so the time does not matter.
        self.meter.count(&ASSUME_ROLE, 1, Duration::ZERO);
        let answer = request.send().await.map_err(|error| self.refused(error))?;
        let given = answer
            .credentials
            .ok_or_else(|| CredentialsError::unhandled("AssumeRole answered without credentials"))?;
        let mut credentials = Credentials::builder()
            .access_key_id(given.access_key_id)
            .secret_access_key(given.secret_access_key)
            .session_token(given.session_token)
            .provider_name("eyewall-role");
        credentials.set_expiry(given.expiration.try_into().ok());
        let credentials = credentials.build();
        if self.step.mfa_serial.is_some() {
            self.desk.keep(role_arn, &credentials);
        }
        Ok(credentials)
    }

    /// STS refuses a wrong code with the same `AccessDenied` as a missing permission; only the words differ.
    fn refused(
        &self,
        error: aws_sdk_sts::error::SdkError<aws_sdk_sts::operation::assume_role::AssumeRoleError>,
    ) -> CredentialsError {
        let said = error.as_service_error().and_then(|refusal| refusal.meta().message()).unwrap_or_default();
        match &self.step.mfa_serial {
            Some(serial) if said.contains("MultiFactorAuthentication") => {
                let (serial, said) = (serial.clone(), said.to_owned());
                CredentialsError::provider_error(MfaError::Refused { serial, said })
            }
            _ => CredentialsError::provider_error(error),
        }
    }
}

impl ProvideCredentials for RoleProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}
