//! What a round keeps of an event. Small data stays in the round itself, and whoever gets it keeps that: it is there
//! already, so nothing more is allocated, and no reference counted.

pub(super) use self::imp::{Kept, data_of, keeping};

#[cfg(not(all(feature = "portable-atomic", not(feature = "std"))))]
mod imp {
    use crate::data::{Data, EvtData, IntoEvtData, Payload};
    use crate::round::Round;
    use crate::sync::Arc;

    pub(in crate::round) type Kept = Data;

    /// What builds it, where it is to be: that neither allocates nor runs foreign code, for it does not with this data.
    #[inline]
    pub(in crate::round) fn keeping<D: IntoEvtData>(data: D) -> impl FnOnce() -> Kept {
        debug_assert!(!D::ALLOCATES, "this would allocate under the lock");
        move || data.into_data(false)
    }

    /// For a wait that has nothing else to do with the round any more.
    #[inline]
    pub(in crate::round) fn data_of(round: Arc<Round>) -> Option<EvtData> {
        match round.shared.read() {
            Some(Ok(Data::Inline(_))) => Some(Data::Shared(round).into_shared()),
            Some(Ok(Data::Shared(data))) => Some(Data::Shared(data.clone()).into_shared()),
            Some(Err(_)) | None => None,
        }
    }

    impl Round {
        fn inside(&self) -> &dyn Payload {
            match self.shared.read() {
                Some(Ok(data)) => data.payload(),
                Some(Err(_)) | None => &(),
            }
        }
    }

    payload_inside!(Round, false);
}

/// The portable `Arc` of a round cannot become one of its data on stable, so all data is in an allocation of its own.
#[cfg(all(feature = "portable-atomic", not(feature = "std")))]
mod imp {
    use crate::data::{EvtData, IntoEvtData};
    use crate::round::Round;
    use crate::sync::Arc;

    pub(in crate::round) type Kept = EvtData;

    /// What puts it where it is to be. It is made before.
    pub(in crate::round) fn keeping<D: IntoEvtData>(data: D) -> impl FnOnce() -> Kept {
        let data = data.into_data(true).into_shared();
        move || data
    }

    /// For a wait that has nothing else to do with the round any more.
    pub(in crate::round) fn data_of(round: Arc<Round>) -> Option<EvtData> {
        match round.shared.read() {
            Some(Ok(data)) => Some(data.clone()),
            Some(Err(_)) | None => None,
        }
    }
}
