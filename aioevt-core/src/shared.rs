//! `Shared<T>`: an argument taken by reference. How arguments are bound in general is in `bind.rs`.

use core::any::type_name;
use core::fmt;
use core::ops::Deref;

use crate::bind::{FromArg, Misfit, Role, Source};
use crate::data::{EvtData, Place};

/// An argument that is shared with everybody who gets the event, instead of cloned for each.
///
/// It derefs to `T`. A callback takes an argument this way if it is not `Clone`, or large. The data of the event lives
/// as long as this does. A `T` must have been emitted exactly: there is no conversion.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EvtData, Shared};
///
/// struct Image([u8; 4096]); // neither Clone nor small
///
/// fn show(image: Shared<Image>, title: String) -> usize {
///     title.len() + image.0.len()
/// }
///
/// let (image, title) = EvtData::new((Image([0; 4096]), "x")).args()?;
/// assert_eq!(show(image, title), 4097);
/// # Ok::<(), aioevt::ArgError>(())
/// ```
pub struct Shared<T> {
    data: EvtData,
    place: Place,
    // It gives out `&T` only.
    _type: core::marker::PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Shared<T> {
    fn new(data: EvtData, place: Place) -> Self {
        Self {
            data,
            place,
            _type: core::marker::PhantomData,
        }
    }
}

impl<T: Send + Sync + 'static> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self.data.borrowed(self.place) {
            Ok(value) => value,
            Err(_) => unreachable!("a `Shared` is made only after its type was checked"),
        }
    }
}

impl<T: Send + Sync + 'static> AsRef<T> for Shared<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Send + Sync + 'static> FromArg for Shared<T> {
    fn role() -> Role {
        Role::Value
    }

    fn expected() -> &'static str {
        type_name::<T>()
    }

    // Only when a `Shared` itself was emitted: it stands for the same value.
    fn copied(&self) -> Option<Self> {
        Some(Self::new(self.data.clone(), self.place))
    }

    fn special<V: 'static>(_value: V) -> Option<Self> {
        None
    }

    fn from_arg(source: Source<'_>, place: Place) -> Result<Self, Misfit> {
        let value = source.payload().value(place).ok_or(Misfit::Absent)?;
        if value.downcast::<T>().is_some() {
            return Ok(Self::new(source.share(), place));
        }
        value
            .downcast::<Self>()
            .and_then(Self::copied)
            .ok_or(Misfit::WrongType)
    }
}
