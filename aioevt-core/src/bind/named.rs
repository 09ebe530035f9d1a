//! Fitting the arguments of an event to parameters with names: what `callback!` expands to. Binding by position only
//! is in `bind.rs`.

use core::fmt;
use core::marker::PhantomData;

use alloc::string::ToString;

use super::{Delivery, FromArg, FromArgs, Misfit, Role, Roles, Source, bind_exact, special};
use crate::arg_error::{ArgError, Argument};
use crate::data::Place;

/// Stands for a parameter of type `T`.
///
/// Its methods for `Option` are inherent, those for all types come from [`BindRequired`]: where both exist, the
/// inherent ones are called. That is how `callback!` sees that a parameter may be absent, knowing only its tokens.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// Nothing is in it.
    #[must_use]
    pub const fn of() -> Self {
        Self(PhantomData)
    }
}

impl<T: FromArg> Probe<Option<T>> {
    /// What is known of the parameter before it is bound.
    #[must_use]
    pub fn spec(self, name: &'static str) -> Spec {
        // An optional `EvtData` is an argument of this type, never the whole event.
        let role = if T::role() == Role::Manager {
            Role::Manager
        } else {
            Role::Value
        };
        Spec {
            name,
            role,
            required: None,
        }
    }

    /// The argument, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// When there is one that does not fit.
    pub fn bind(self, binder: &mut Binder<'_>, name: &'static str) -> Result<Option<T>, ArgError> {
        if T::role() == Role::Manager {
            return Ok(special(binder.delivery, false));
        }
        binder
            .next(name, T::expected(), |source, place| {
                let value = source.payload().value(place).ok_or(Misfit::Absent)?;
                match value.downcast::<Option<T>>() {
                    Some(option) => Ok(option.as_ref().and_then(T::copied)),
                    None => T::from_arg(source, place).map(Some),
                }
            })
            .map(Option::flatten)
    }
}

/// The methods of [`Probe`] for a parameter that must be there.
pub trait BindRequired: Sized {
    /// The type of the parameter.
    type Param;

    /// What is known of the parameter before it is bound.
    fn spec(self, name: &'static str) -> Spec
    where
        Self::Param: FromArg,
    {
        Spec {
            name,
            role: Self::Param::role(),
            required: Some(Self::Param::expected()),
        }
    }

    /// The argument.
    ///
    /// # Errors
    ///
    /// When there is none, or one that does not fit.
    fn bind(self, binder: &mut Binder<'_>, name: &'static str) -> Result<Self::Param, ArgError>
    where
        Self::Param: FromArg,
    {
        if let Some(special) = special(binder.delivery, binder.take_all) {
            return Ok(special);
        }
        let index = binder.next;
        let bound = binder.next(name, Self::Param::expected(), Self::Param::from_arg)?;
        // `check` saw to it that there is one.
        bound.ok_or_else(|| ArgError::Missing {
            argument: Argument::parameter(index, name),
            expected: Self::Param::expected(),
            given: binder.delivery.data().payload().len(),
        })
    }
}

// Of every type, with the bound on the methods: so the compiler says what is wrong with the type, not that there is no
// such method.
impl<T> BindRequired for Probe<T> {
    type Param = T;
}

/// Stands for all parameters together. As with [`Probe`], the inherent method is called where it exists, which is for
/// all but an `Option<Shared<T>>`.
#[derive(Debug)]
pub struct ProbeAll<P>(PhantomData<fn() -> P>);

impl<P> ProbeAll<P> {
    /// Nothing is in it.
    #[must_use]
    pub const fn of() -> Self {
        Self(PhantomData)
    }
}

impl<P: FromArgs> ProbeAll<P> {
    /// All arguments in one step, if the emitted tuple is exactly that of the parameters.
    #[inline]
    pub fn exact(self, binder: &mut Binder<'_>) -> Option<P> {
        bind_exact(binder.delivery)
    }
}

/// The method of [`ProbeAll`] for parameters that are bound one by one.
pub trait BindEach<P> {
    /// Nothing.
    fn exact(self, binder: &mut Binder<'_>) -> Option<P>;
}

impl<P> BindEach<P> for ProbeAll<P> {
    fn exact(self, _binder: &mut Binder<'_>) -> Option<P> {
        None
    }
}

/// What is known of a parameter before it is bound.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    name: &'static str,
    role: Role,
    /// The type it expects, unless it may be absent.
    required: Option<&'static str>,
}

impl Spec {
    fn takes(&self) -> bool {
        self.role != Role::Manager
    }
}

/// Binds parameters with names from left to right.
pub struct Binder<'a> {
    delivery: &'a mut dyn Delivery,
    /// The position of the next parameter that takes an argument.
    next: usize,
    take_all: bool,
}

impl fmt::Debug for Binder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binder")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl<'a> Binder<'a> {
    pub(crate) fn new(delivery: &'a mut dyn Delivery) -> Self {
        Self {
            delivery,
            next: 0,
            take_all: false,
        }
    }

    /// Checks that every argument has a parameter and every parameter that needs one has an argument, before any is
    /// cloned: a misspelt keyword is reported as such, and not as a missing argument.
    ///
    /// # Errors
    ///
    /// When they do not fit.
    pub fn check(&mut self, specs: &[Spec]) -> Result<(), ArgError> {
        let mut roles = Roles::default();
        for spec in specs {
            roles.add(spec.role);
        }
        self.take_all = roles.take_all();
        if roles.accept_all() {
            return Ok(());
        }
        let payload = self.delivery.data().payload();
        let takers = || specs.iter().filter(|spec| spec.takes());
        let names = || takers().map(|spec| spec.name).collect();
        for (name, _) in (0..payload.keyword_len()).filter_map(|i| payload.keyword(i)) {
            if !takers().any(|spec| spec.name == name) {
                return Err(ArgError::UnknownKeyword {
                    name: name.to_string().into(),
                    names: names(),
                });
            }
        }
        let given = payload.len();
        if given > roles.takes() {
            return Err(ArgError::Surplus {
                given,
                accepted: roles.takes(),
                names: names(),
            });
        }
        for (index, spec) in takers().enumerate() {
            let argument = || Argument::parameter(index, spec.name);
            let keyword = payload.find(spec.name, 0);
            let again = keyword.and_then(|first| payload.find(spec.name, first + 1));
            match (index < given, keyword, spec.required) {
                (true, Some(_), _) => {
                    return Err(ArgError::GivenTwice {
                        argument: argument(),
                    });
                }
                (_, Some(_), _) if again.is_some() => {
                    return Err(ArgError::GivenTwice {
                        argument: argument(),
                    });
                }
                (false, None, Some(expected)) => {
                    return Err(ArgError::Missing {
                        argument: argument(),
                        expected,
                        given,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The argument of the next parameter, if there is one.
    fn next<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(Source<'_>, Place) -> Result<T, Misfit>,
    ) -> Result<Option<T>, ArgError> {
        let index = self.next;
        self.next += 1;
        let payload = self.delivery.data().payload();
        let place = if index < payload.len() {
            Place::Positional(index)
        } else {
            match payload.find(name, 0) {
                Some(keyword) => Place::Keyword(keyword),
                None => return Ok(None),
            }
        };
        match read(Source::Event(self.delivery.data()), place) {
            Ok(value) => Ok(Some(value)),
            Err(misfit) => {
                let payload = self.delivery.data().payload();
                Err(misfit.explain(payload, place, Argument::parameter(index, name), expected))
            }
        }
    }
}
