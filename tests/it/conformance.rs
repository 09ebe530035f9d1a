//! The suite: what every event loop does the same. A file per subject; this one says which tests there are, and mounts
//! them on a loop: `conformance!(Loop: callbacks tasks time)`.
//!
//! * `callbacks`: what works on every loop.
//! * `tasks`: what needs a loop that can go on with something suspended.
//! * `time`: what needs a timer. Real time passes, so only the order and the lower bound of times are asserted.
//! * `one_thread`: what can be told for certain only if nothing runs unless the test lets it.
//!
//! Behind `; panics:` are the tests that panic on purpose, which a build that aborts then leaves out.

macro_rules! conformance {
    ($Loop:ident: $($part:ident)+) => {
        $(conformance!(@ $part $Loop);)+
    };
    (@ callbacks $Loop:ident) => {
        conformance!(@ tests $Loop registry:
            a_callback_that_a_callback_registers_hears_the_next_event_only
            a_callback_unregisters_a_later_one_of_the_same_event
            a_callback_unregisters_an_earlier_one_and_nobody_is_skipped
            a_callback_unregisters_itself_and_its_call_goes_on
            a_callback_is_unregistered_and_registered_again_for_the_next_event_only
            a_callback_unregisters_everything_of_its_event
            what_is_unregistered_while_it_is_queued_is_discarded_and_not_reported
            what_is_registered_while_events_are_queued_hears_none_of_them
            many_come_and_go_and_the_rest_stays_in_order
        );
        conformance!(@ tests $Loop unregister:
            unregistering_twice_is_false
            something_unknown_is_nothing_to_unregister
            unregister_from_removes_what_matches_both
            unregister_callback_finds_all_names
            the_closure_is_dropped_by_its_lane
            a_shared_callback_is_dropped_with_its_last_registration
            a_guard_unregisters_when_it_is_dropped
            after_unregister_on_another_thread_at_most_one_call_ends
            either_a_once_runs_or_unregister_is_true
        );
        conformance!(@ tests $Loop order:
            the_callbacks_of_an_event_run_in_the_order_of_registration
            events_of_all_names_run_in_the_order_of_the_emits
            an_emit_in_a_callback_is_queued_behind_it
            a_chain_of_events_is_heard_breadth_first
            sync_and_async_callbacks_start_in_the_order_of_the_emits
            two_threads_emit_and_two_lanes_record_the_same
            each_thread_s_own_events_stay_in_order
            an_event_that_emits_itself_a_million_times_needs_no_stack
        );
        conformance!(@ tests $Loop counted:
            a_once_runs_once_under_eight_threads
            a_times_3_runs_three_times_under_eight_threads
            a_once_that_emits_its_own_event_runs_once
            arguments_that_do_not_fit_use_up_a_claim
            times_0_is_inert_from_the_start
            times_of_the_largest_number_is_for_every_event
            recurring_false_is_once
            a_spent_registration_leaves_nothing
            ; panics:
            a_panic_uses_up_a_claim
        );
        conformance!(@ tests $Loop errors:
            an_error_is_reported_with_its_source
            wrong_arity_is_explained_and_the_registration_stays
            a_wrong_type_is_explained_and_the_registration_stays
            a_value_out_of_range_is_explained_and_the_registration_stays
            keywords_are_explained_and_the_registration_stays
            ; panics:
            a_panic_in_a_sync_callback_harms_no_other
            a_panic_before_the_first_await_harms_no_other
            a_hook_that_panics_is_counted
            a_hook_may_emit
            a_hook_may_unregister_the_culprit
            the_last_hook_set_is_the_one
        );
        conformance!(@ tests $Loop drops:
            a_payload_is_dropped_once_however_many_hear_it
            a_captured_value_whose_drop_emits
            an_event_is_passed_on_without_copying_it
            ; panics:
            a_payload_whose_drop_panics_harms_no_other
            a_payload_whose_clone_panics_is_that_call_s_panic
            a_captured_value_whose_drop_panics_harms_no_other
        );
        conformance!(@ tests $Loop ledger:
            what_is_queued_is_pending
            a_call_is_not_counted_before_it_has_ended
            idle_resolves_at_once_where_nothing_happened
            idle_waits_for_registrations_and_closure_drops
            blocking_in_a_callback_is_refused
            ; panics:
            everything_that_ends_is_counted_once
        );
        conformance!(@ tests $Loop waiting:
            a_wait_is_armed_by_the_call
            an_event_before_the_wait_is_not_seen
            one_emit_resolves_all_waits_with_the_same_data
            a_dropped_wait_leaves_nothing
            unregister_wakes_the_waits
            close_wakes_the_waits
            a_wait_on_a_closed_manager_is_closed
            a_wait_that_is_over_stays_pending
            waits_are_joined_and_selected_like_any_future
            a_wait_moves_to_another_thread_while_it_is_polled
            a_plain_thread_blocks_on_a_wait
            a_hundred_thousand_waits_leave_nothing
        );
        conformance!(@ tests $Loop lifetime:
            close_lets_accepted_deliveries_run_and_accepts_no_more
            close_breaks_the_cycle_of_a_callback_that_owns_its_manager
            the_last_handle_is_dropped_in_a_callback
            a_registration_on_a_closed_manager_is_inert_and_reported
            topics_registrations_and_waits_do_not_keep_a_manager_open
            a_weak_manager_upgrades_while_there_is_a_handle
            closing_twice_does_nothing
        );
        conformance!(@ tests $Loop names:
            every_string_is_a_name
            names_that_nobody_needs_leave_no_entry
            a_topic_keeps_its_name
        );
        conformance!(@ tests $Loop foreign:
            every_method_may_be_called_from_a_callback
            every_method_may_be_called_from_a_payload_s_clone
            every_method_may_be_called_from_a_payload_s_drop
            every_method_may_be_called_from_a_closure_s_drop
            every_method_may_be_called_from_a_waker
            every_method_may_be_called_from_as_ref
            ; panics:
            every_method_may_be_called_from_the_hook
        );
    };
    (@ tasks $Loop:ident) => {
        conformance!(@ tests $Loop suspended:
            an_error_after_the_first_await_is_reported
            a_callback_waits_for_another_event
            suspended_calls_of_one_callback_overlap
            idle_waits_for_a_suspended_call
            a_suspended_call_outlives_its_registration
            other_tasks_of_the_loop_get_their_turns
            ; panics:
            a_panic_after_the_first_await_harms_no_other
        );
        conformance!(@ tests $Loop held:
            a_thousand_events_are_held_and_run_once_each_in_order
            callbacks_on_other_loops_do_not_wait_for_it
        );
    };
    (@ time $Loop:ident) => {
        conformance!(@ tests $Loop time:
            a_wait_times_out_and_leaves_nothing
            a_limit_of_nothing_passes_too
            an_event_in_time_is_received
            a_limit_races_an_emit_and_there_is_one_outcome
            idle_times_out_while_a_call_is_suspended
            idle_times_out_after_close
            a_delay_is_not_early
            a_delay_of_nothing_does_not_run_inside_emit_after
            ten_thousand_equal_delays_fire_in_the_order_of_the_calls
            a_cancelled_delay_never_fires_and_frees_its_payload
            a_delay_that_has_fired_cannot_be_cancelled
            cancel_races_fire_and_there_is_one_outcome
            delays_die_with_their_manager
            a_delay_reaches_who_is_registered_when_it_fires
            the_longest_delay_is_taken
            a_callback_starts_delays
            blocking_on_a_manager_of_the_same_loop_is_refused
        );
    };
    (@ one_thread $Loop:ident) => {
        conformance!(@ tests $Loop one_thread:
            nothing_runs_inside_emit
            a_task_gets_its_turn_during_one_event_with_many_callbacks
            a_callback_that_emits_for_ever_lets_other_tasks_run
        );
    };
    (@ tests $Loop:ident $group:ident: $($test:ident)+ $(; panics: $($panics:ident)+)?) => {
        mod $group {
            $(
                #[test]
                fn $test() {
                    $crate::conformance::$group::$test::<super::$Loop>();
                }
            )+
            $($(
                #[test]
                #[cfg_attr(panic = "abort", ignore = "panics on purpose")]
                fn $panics() {
                    $crate::conformance::$group::$panics::<super::$Loop>();
                }
            )+)?
        }
    };
}

pub(crate) mod counted;
pub(crate) mod drops;
pub(crate) mod errors;
pub(crate) mod foreign;
pub(crate) mod held;
pub(crate) mod ledger;
pub(crate) mod lifetime;
pub(crate) mod names;
pub(crate) mod one_thread;
pub(crate) mod order;
pub(crate) mod registry;
pub(crate) mod suspended;
pub(crate) mod time;
pub(crate) mod unregister;
pub(crate) mod waiting;
