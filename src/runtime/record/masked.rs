//! Serializing with a mask over all texts, map keys included.
//!
//! Frames are masked on their way into the file: the values themselves are shared with the app and stay as
//! they are. Knows nothing of what is hidden and how; that is `mask.rs`.

use super::mask::{Mask, Place};
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::borrow::Cow;

/// A value whose texts are masked when it is serialized; without a mask, the value as it is.
pub struct Masked<'a, T: ?Sized> {
    value: &'a T,
    cover: Cover<'a>,
}

impl<'a, T: ?Sized> Masked<'a, T> {
    /// `value` under `mask`.
    pub fn new(value: &'a T, mask: Option<&'a Mask>) -> Self {
        Self { value, cover: Cover { mask, learns: false, place: Place::default() } }
    }

    /// The same for a first round, which only shows the mask what there is.
    pub fn to_learn(value: &'a T, mask: &'a Mask) -> Self {
        Self { value, cover: Cover { mask: Some(mask), learns: true, place: Place::default() } }
    }
}

impl<T: Serialize + ?Sized> Serialize for Masked<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Covered { inner: serializer, cover: self.cover })
    }
}

/// The mask, and where what is being written stands.
#[derive(Clone, Copy)]
struct Cover<'a> {
    mask: Option<&'a Mask>,
    learns: bool,
    place: Place,
}

impl<'a> Cover<'a> {
    fn over<T: ?Sized>(self, value: &'a T) -> Masked<'a, T> {
        Masked { value, cover: self }
    }

    fn on(self, field: &'static str) -> Self {
        Self { place: Place { field, ..self.place }, ..self }
    }

    fn inside(self, owner: &'static str) -> Self {
        Self { place: Place { owner, field: "" }, ..self }
    }

    /// Lets the mask see a text, and says what to write for it.
    fn text(self, text: &str) -> Cow<'_, str> {
        let Some(mask) = self.mask else { return text.into() };
        mask.learn(self.place, text);
        if self.learns { text.into() } else { mask.at(self.place, text).into() }
    }
}

/// A serializer, or a part of one, that masks what goes through it.
struct Covered<'a, S> {
    inner: S,
    cover: Cover<'a>,
}

impl<'a, S> Covered<'a, S> {
    fn part(inner: S, cover: Cover<'a>) -> Self {
        Self { inner, cover }
    }
}

macro_rules! as_they_are {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$name(value)
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Covered<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Covered<'a, S::SerializeSeq>;
    type SerializeTuple = Covered<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Covered<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Covered<'a, S::SerializeTupleVariant>;
    type SerializeMap = Covered<'a, S::SerializeMap>;
    type SerializeStruct = Covered<'a, S::SerializeStruct>;
    type SerializeStructVariant = Covered<'a, S::SerializeStructVariant>;

    as_they_are!(
        serialize_bool: bool, serialize_char: char, serialize_bytes: &[u8],
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64, serialize_unit_struct: &'static str
    );

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_str(&self.cover.text(text))
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&self.cover.over(value))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        if let Some(mask) = self.cover.mask {
            mask.learn(self.cover.place, variant);
        }
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(name, &self.cover.over(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_variant(
            name,
            index,
            variant,
            &self.cover.inside(name).on(variant).over(value),
        )
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Ok(Covered::part(self.inner.serialize_seq(len)?, self.cover))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        Ok(Covered::part(self.inner.serialize_tuple(len)?, self.cover))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        Ok(Covered::part(self.inner.serialize_tuple_struct(name, len)?, self.cover))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        Ok(Covered::part(self.inner.serialize_tuple_variant(name, index, variant, len)?, self.cover))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Covered::part(self.inner.serialize_map(len)?, self.cover))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        Ok(Covered::part(self.inner.serialize_struct(name, len)?, self.cover.inside(name)))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        Ok(Covered::part(
            self.inner.serialize_struct_variant(name, index, variant, len)?,
            self.cover.inside(name),
        ))
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! in_a_row {
    ($($of:ident $write:ident),*) => {$(
        impl<S: $of> $of for Covered<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.inner.$write(&self.cover.over(value))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        }
    )*};
}

in_a_row!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! by_name {
    ($($of:ident),*) => {$(
        impl<S: $of> $of for Covered<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), S::Error> {
                self.inner.serialize_field(name, &self.cover.on(name).over(value))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        }
    )*};
}

by_name!(SerializeStruct, SerializeStructVariant);

impl<S: SerializeMap> SerializeMap for Covered<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(&self.cover.inside("").over(key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.inner.serialize_value(&self.cover.over(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}
