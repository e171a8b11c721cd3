//! Failures and lost writes at every step.

use crate::defaults::Defaults;
use crate::kernel::model::{EIO, ModelKernel};
use crate::plan::tests::{assert_is, go_online, plan, plan_offline, run, sample};
use crate::stack::samples;
use formats::cluster_conf::HeartbeatMode;

#[test]
fn a_failure_at_any_step_of_going_online_takes_the_cluster_back_and_can_be_repeated() {
    for mode in [HeartbeatMode::Local, HeartbeatMode::Global] {
        let cluster = sample(mode, 2, if mode == HeartbeatMode::Global { 2 } else { 0 });
        let fresh = samples::machine(2);
        let plan_of_all = plan(&fresh, &cluster, &Defaults::default());
        for step in 0..plan_of_all.steps.len() {
            for lost in [false, true] {
                let mut kernel: ModelKernel = fresh.clone();
                if lost {
                    kernel.lose_at = Some(step);
                } else {
                    kernel.fail_at = Some((step, EIO));
                }
                let result = run(&mut kernel, &plan_of_all).1;
                let optional = plan_of_all.steps[step].optional;
                let told = plan_of_all.steps[step].action.shown();
                // A lost write of what was so already makes no difference; nor does what the machine may lack.
                if let Err(failure) = result {
                    assert!(failure.is_clean(), "{told}: {failure}");
                    assert_eq!(kernel.cluster, None, "{told}");
                } else {
                    assert!(optional || lost, "{told}");
                }
                (kernel.fail_at, kernel.lose_at) = (None, None);
                go_online(&mut kernel, &cluster, &Defaults::default());
                assert_is(&kernel, &cluster, &Defaults::default());
            }
        }
    }
}

#[test]
fn a_failure_at_any_step_of_going_offline_is_resumed_by_running_it_again() {
    let mut online = samples::machine(3);
    go_online(&mut online, &sample(HeartbeatMode::Global, 3, 3), &Defaults::default());
    let plan = plan_offline(&online, false);
    for step in 0..plan.steps.len() {
        let mut kernel = online.clone();
        kernel.fail_at = Some((kernel.changes() + step, EIO));
        let failure = run(&mut kernel, &plan).1.unwrap_err();
        assert!(failure.is_clean());
        if step > 0 {
            assert!(failure.to_string().contains("running it again goes on from here"), "{failure}");
        }
        kernel.fail_at = None;
        let rest = plan_offline(&kernel, false);
        run(&mut kernel, &rest).1.unwrap();
        assert_eq!(kernel.cluster, None);
    }
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let mut kernel = samples::machine(2);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 1, 1), &Defaults::default());
    let plan = plan(&kernel, &sample(HeartbeatMode::Global, 1, 2), &Defaults::default());
    // The start fails for good, and a domain that is joined meanwhile holds the region's folder.
    kernel.devices.remove(&samples::device(1));
    kernel.volumes.insert(samples::uuid(9));
    let failure = run(&mut kernel, &plan).1.unwrap_err();
    assert!(!failure.is_clean());
    assert!(failure.to_string().contains("NOT taken back: make region"), "{failure}");
}
