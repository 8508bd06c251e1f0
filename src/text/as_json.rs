//! For `#[serde(with = "crate::text::as_json")]`: a value kept as its JSON text, where the format around it
//! has no room for values of unknown shape.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

/// Writes the value as one string.
///
/// # Errors
/// When it cannot be JSON, as a map with keys that are no texts.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(value).map_err(S::Error::custom)?)
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// When the string is not the JSON of such a value.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
