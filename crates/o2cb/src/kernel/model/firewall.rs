//! firewalld and ufw as far as their programs and files go.

use super::{Look as _, ModelKernel};
use crate::program::Answer;

const PUBLIC: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<zone>\n  <short>Public</short>\n  <service name=\"ssh\"/>\n</zone>\n";

impl ModelKernel {
    /// firewalld as it comes, and whether it runs.
    pub fn install_firewalld(&mut self, runs: bool) {
        self.put("/usr/lib/firewalld/zones/public.xml", PUBLIC);
        self.put("/usr/lib/firewalld/services/ssh.xml", "<service><port protocol=\"tcp\" port=\"22\"/></service>");
        self.put("/etc/firewalld/firewalld.conf", "DefaultZone=public\n");
        if runs {
            self.process(650, "firewalld", 3, "mnt:[1]", "");
        }
    }

    /// ufw as it comes, and whether it is enabled.
    pub fn install_ufw(&mut self, enabled: bool) {
        self.put("/etc/ufw/ufw.conf", &format!("ENABLED={}\nLOGLEVEL=low\n", if enabled { "yes" } else { "no" }));
        self.put("/etc/default/ufw", "DEFAULT_INPUT_POLICY=\"DROP\"\n");
        self.put("/etc/ufw/user.rules", "*filter\n### RULES ###\n");
    }

    fn stored(&self, path: &str) -> Option<String> {
        self.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn firewall_cmd(&mut self, words: &[&str]) -> Answer {
        let kept = words.contains(&"--permanent");
        let zone = words.iter().find_map(|word| word.strip_prefix("--zone=")).unwrap_or("public");
        let path = format!("/etc/firewalld/zones/{zone}.xml");
        let file = self.stored(&path).or_else(|| self.stored(&path.replace("/etc/", "/usr/lib/")));
        let Some(mut file) = file else {
            return Answer { code: Some(112), stderr: format!("Error: INVALID_ZONE: {zone}"), ..Answer::default() };
        };
        for word in words {
            let rule = |verb: &str| word.strip_prefix(verb).and_then(|rule| rule.strip_prefix("-rich-rule="));
            if let Some(rule) = rule("--add") {
                let element = element(rule);
                if kept && !file.contains(&element) {
                    file = file.replace("</zone>", &format!("{element}</zone>"));
                } else if !kept {
                    self.running_rules.insert(format!("{zone}: {rule}"));
                }
            } else if let Some(rule) = rule("--remove") {
                if kept {
                    file = file.replace(&element(rule), "");
                } else {
                    self.running_rules.remove(&format!("{zone}: {rule}"));
                }
            }
        }
        if kept {
            self.put(&path, &file);
        }
        Answer { code: Some(0), stdout: "success\n".to_owned(), ..Answer::default() }
    }

    pub(super) fn ufw(&mut self, words: &[&str]) -> Answer {
        let (delete, words) = match words {
            ["delete", rest @ ..] => (true, rest),
            words => (false, words),
        };
        let (["allow", "proto", "tcp", "from", peer, "to", "any", "port", port], Some(rules)) = (words, self.stored("/etc/ufw/user.rules"))
        else {
            return Answer { code: Some(1), stderr: "ERROR: Invalid syntax".to_owned(), ..Answer::default() };
        };
        let tuple = format!("\n### tuple ### allow tcp {port} 0.0.0.0/0 any {peer} in\n");
        let rules = if delete { rules.replace(&tuple, "") } else { rules + &tuple };
        self.put("/etc/ufw/user.rules", &rules);
        Answer { code: Some(0), stdout: "Rule added\n".to_owned(), ..Answer::default() }
    }
}

/// As firewalld writes a rule of this one form.
fn element(rule: &str) -> String {
    let quoted: Vec<&str> = rule.split('"').collect();
    let [_, family, _, source, _, port, _, protocol, _] = quoted.as_slice() else { panic!("a rule of another form: {rule}") };
    format!(
        "  <rule family=\"{family}\">\n    <source address=\"{source}\"/>\n    <port port=\"{port}\" protocol=\"{protocol}\"/>\n    <accept/>\n  </rule>\n"
    )
}
