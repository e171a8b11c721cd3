//! The port in the firewall: opened when asked for, once, read back, and closed again when the rest fails.

use super::*;
use crate::firewall::{Opening, Rules};
use crate::kernel::model::EIO;
use crate::step::Action;

fn asked(firewall: &str) -> Defaults {
    timeouts(&[("O2CB_FIREWALL", firewall)])
}

fn three() -> Cluster {
    sample(HeartbeatMode::Local, 3, 0)
}

fn text(kernel: &ModelKernel, path: &str) -> String {
    String::from_utf8(kernel.read(path).unwrap_or_default()).unwrap()
}

fn with_both() -> ModelKernel {
    let mut kernel = samples::machine(0);
    kernel.install_firewalld(true);
    kernel.install_ufw(true);
    kernel
}

fn steps(plan: &Plan) -> Vec<usize> {
    (0..plan.steps.len()).filter(|index| matches!(plan.steps[*index].action, Action::OpenPort(_))).collect()
}

#[test]
fn firewalld_lets_the_other_nodes_in_before_the_socket_opens_and_once() {
    let mut kernel = with_both();
    let plan_of_three = plan(&kernel, &three(), &asked("firewalld"));
    let shown = plan_of_three.shown();
    let rule = "'--add-rich-rule=rule family=\"ipv4\" source address=\"10.9.0.2\" port port=\"7777\" protocol=\"tcp\" accept'";
    assert!(shown.contains(&format!("/usr/bin/firewall-cmd --permanent --zone=public {rule}")), "{shown}");
    assert!(shown.contains(&format!("/usr/bin/firewall-cmd --zone=public {rule}")), "{shown}");
    assert!(shown.find("firewall-cmd").unwrap() < shown.find("mkdir /sys/kernel/config/cluster/web").unwrap());
    run(&mut kernel, &plan_of_three).1.unwrap();
    assert_eq!(kernel.running_rules.len(), 2);
    assert_eq!(text(&kernel, "/etc/firewalld/zones/public.xml").matches("<accept/>").count(), 2);
    assert!(plan(&kernel, &three(), &asked("firewalld")).is_empty());
    // A node that comes later.
    let plan = plan(&kernel, &sample(HeartbeatMode::Local, 4, 0), &asked("firewalld"));
    assert!(plan.shown().contains("10.9.0.4") && !plan.shown().contains("source address=\"10.9.0.2\""), "{}", plan.shown());
    run(&mut kernel, &plan).1.unwrap();
    assert_eq!(kernel.running_rules.len(), 3);
}

#[test]
fn ufw_lets_the_other_nodes_in_and_once() {
    let mut kernel = with_both();
    let plan_of_three = plan(&kernel, &three(), &asked("ufw"));
    assert!(plan_of_three.shown().contains("/usr/sbin/ufw allow proto tcp from 10.9.0.3 to any port 7777"), "{}", plan_of_three.shown());
    run(&mut kernel, &plan_of_three).1.unwrap();
    assert_eq!(text(&kernel, "/etc/ufw/user.rules").matches("### tuple ###").count(), 2);
    assert!(plan(&kernel, &three(), &asked("ufw")).is_empty());
}

#[test]
fn a_port_that_is_open_and_a_firewall_that_is_not_asked_for_are_left_alone() {
    let mut kernel = with_both();
    assert_eq!(steps(&plan(&kernel, &three(), &Defaults::default())), Vec::<usize>::new());
    kernel.put("/etc/firewalld/zones/public.xml", "<zone><port protocol=\"tcp\" port=\"7700-7800\"/></zone>");
    assert_eq!(steps(&plan(&kernel, &three(), &asked("firewalld"))), Vec::<usize>::new());
    assert_eq!(steps(&plan(&kernel, &sample(HeartbeatMode::Local, 1, 0), &asked("ufw"))), Vec::<usize>::new());
}

#[test]
fn a_firewall_that_does_not_work_is_told_and_the_rest_is_done() {
    let mut kernel = samples::machine(0);
    kernel.install_ufw(false);
    for (firewall, word) in [("firewalld", "it does not run on this machine"), ("ufw", "it is not enabled or not installed")] {
        let plan = plan(&kernel, &three(), &asked(firewall));
        assert!(!plan.blocked && refused(&plan).contains(word) && steps(&plan).is_empty(), "{}", plan.shown());
    }
    let plan = plan(&kernel, &three(), &asked("ufw"));
    run(&mut kernel, &plan).1.unwrap();
    assert_is(&kernel, &three(), &Defaults::default());
}

#[test]
fn what_another_rule_denies_is_not_opened_over_it() {
    let mut kernel = with_both();
    kernel.put("/etc/firewalld/zones/public.xml", "<zone><rule><source address=\"10.9.0.2\"/><drop/></rule></zone>");
    let told = refused(&plan(&kernel, &three(), &asked("firewalld")));
    assert!(told.contains("let 10.9.0.2 in to TCP port 7777 in firewalld: a rule of zone public denies it") && !told.contains("10.9.0.3"));
    kernel.put("/etc/ufw/user.rules", "### tuple ### deny any any 0.0.0.0/0 any 10.9.0.3 in\n");
    let told = refused(&plan(&kernel, &three(), &asked("ufw")));
    assert!(told.contains("let 10.9.0.3 in to TCP port 7777 in ufw: an earlier rule denies it") && !told.contains("10.9.0.2"), "{told}");
}

#[test]
fn without_the_program_it_is_said_and_nothing_stays() {
    let mut kernel = with_both();
    kernel.firewall_programs = false;
    let plan = plan(&kernel, &three(), &asked("firewalld"));
    let failure = run(&mut kernel, &plan).1.unwrap_err();
    assert!(failure.to_string().contains("/usr/bin/firewall-cmd is not installed; O2CB_FIREWALL asks for it"), "{failure}");
    assert!(failure.is_clean() && kernel.cluster.is_none());
}

#[test]
fn what_was_opened_is_closed_when_a_later_step_fails_and_what_is_lost_is_found() {
    for firewall in ["firewalld", "ufw"] {
        let fresh = with_both();
        let plan = plan(&fresh, &three(), &asked(firewall));
        let closed = |kernel: &ModelKernel| {
            let files = text(kernel, "/etc/ufw/user.rules") + &text(kernel, "/etc/firewalld/zones/public.xml");
            kernel.running_rules.is_empty() && !files.contains("10.9.0.")
        };
        for step in 0..plan.steps.len() {
            let mut kernel = fresh.clone();
            kernel.fail_at = Some((step, EIO));
            if let Err(failure) = run(&mut kernel, &plan).1 {
                assert!(failure.is_clean() && closed(&kernel), "{firewall} {step}: {failure}");
            }
        }
        let mut kernel = fresh.clone();
        kernel.lose_at = steps(&plan).first().copied();
        let failure = run(&mut kernel, &plan).1.unwrap_err();
        assert!(failure.to_string().contains("it was accepted, but its files still keep 10.9.0.2 out of port 7777"), "{failure}");
        assert!(failure.is_clean() && closed(&kernel), "{failure}");
    }
}

#[test]
fn rules_that_only_the_kernel_has_are_in_no_file() {
    let opening =
        Opening { rules: Rules::Running("public".to_owned()), to: ([10, 9, 0, 1].into(), 7777), peers: vec![[10, 9, 0, 2].into()] };
    assert_eq!(opening.check(&with_both(), true), Ok(()));
    let kept = Opening { rules: Rules::Kept("public".to_owned()), ..opening };
    assert!(kept.check(&with_both(), true).is_err() && kept.check(&with_both(), false).is_ok());
}
