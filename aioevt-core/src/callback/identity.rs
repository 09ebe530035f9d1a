//! What a callback is recognised by when it is unregistered by itself. Who keeps identities is not here.

use core::any::TypeId;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::sync::Arc;

/// Its address is what counts.
#[derive(Debug)]
pub(super) struct Token;

/// What a callback is recognised by.
#[derive(Clone)]
pub struct Identity(Kind);

#[derive(Clone)]
enum Kind {
    /// A function or closure that captures nothing: its type says all.
    Type(TypeId),
    /// A `Callback`, by a token of its own: holding it keeps its address from being given to another one, and runs
    /// nothing foreign when it is dropped, as holding the function would.
    Instance(Arc<Token>),
}

impl Identity {
    /// Do values of this type all do the same?
    pub(super) const fn is_type<F>() -> bool {
        size_of::<F>() == 0
    }

    pub(super) fn of_type<F: 'static>() -> Option<Self> {
        Self::is_type::<F>().then(|| Self(Kind::Type(TypeId::of::<F>())))
    }

    pub(super) fn of_instance(token: Arc<Token>) -> Self {
        Self(Kind::Instance(token))
    }

    fn key(&self) -> Result<TypeId, *const Token> {
        match &self.0 {
            Kind::Type(id) => Ok(*id),
            Kind::Instance(token) => Err(Arc::as_ptr(token)),
        }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.key()).finish()
    }
}
