//! A value and where it was given, so that an error can name the flag or the key.

use super::SettingsError;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Flags over a file.
pub(super) struct Layers<'a> {
    /// The file's name.
    pub(super) file: &'a str,
}

/// A value, if there is one, and its setting's name.
pub(super) struct Given<T> {
    value: Option<T>,
    setting: String,
}

/// What is wrong with a value.
pub(crate) struct Fault {
    /// Why it cannot be.
    pub(crate) why: String,
    /// What to write instead.
    pub(crate) mend: String,
}

impl Layers<'_> {
    /// The flag's value, or else the key's.
    pub(super) fn pick<T: Display>(
        &self,
        flag: &str,
        from_flag: Option<T>,
        key: &str,
        from_key: Option<T>,
    ) -> Given<T> {
        match from_flag {
            Some(value) => Given { setting: format!("{flag}={value}"), value: Some(value) },
            None => self.key(key, from_key),
        }
    }

    /// The flag's value; there is no key for it.
    pub(super) fn flag<T: Display>(&self, flag: &str, value: Option<T>) -> Given<T> {
        let setting = value.as_ref().map_or_else(String::new, |value| format!("{flag}={value}"));
        Given { value, setting }
    }

    /// The key's value; there is no flag for it.
    pub(super) fn key<T: Display>(&self, key: &str, value: Option<T>) -> Given<T> {
        let setting = match &value {
            Some(value) => format!("{}: {key} = {value}", self.file),
            None => String::new(),
        };
        Given { value, setting }
    }
}

impl<T> Given<T> {
    /// What `meaning` makes of the value.
    pub(super) fn try_map<U>(
        self,
        meaning: impl FnOnce(T) -> Result<U, Fault>,
    ) -> Result<Option<U>, SettingsError> {
        self.value.map(meaning).transpose().map_err(|Fault { why, mend }| SettingsError::Value {
            setting: self.setting,
            why,
            mend,
        })
    }

    /// The value, if it lies in a range.
    pub(super) fn within(self, range: RangeInclusive<T>) -> Result<Option<T>, SettingsError>
    where
        T: PartialOrd + Display,
    {
        self.try_map(|value| {
            let (least, most) = (range.start(), range.end());
            if value < *least {
                Err(Fault { why: "too small".into(), mend: format!("write {least} or more") })
            } else if value > *most {
                Err(Fault { why: "too large".into(), mend: format!("write {most} or less") })
            } else {
                Ok(value)
            }
        })
    }
}
