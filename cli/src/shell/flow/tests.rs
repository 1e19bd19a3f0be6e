use super::*;
use dataplane::port::{Action, QueueId, RssFunction, RssTypes};
use proptest::prelude::*;

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn next(line: &str) -> Vec<&'static str> {
    (RULE.follow)(&words(line)).choices
}

#[test]
fn a_rule_is_read_whole() {
    let line = "group 1 priority 2 ingress pattern eth / ipv4 src is 192.0.2.1 / udp dst spec 53 dst mask 0xff / end \
                actions mark id 7 / queue index 3 / end";
    let rule = rule(&words(line)).unwrap();
    assert_eq!((rule.attributes.group, rule.attributes.priority), (1, 2));
    assert!(rule.attributes.ingress && !rule.attributes.egress && !rule.attributes.transfer);
    let names: Vec<&str> = rule.pattern.iter().map(|item| item.kind.name).collect();
    assert_eq!(names, ["eth", "ipv4", "udp"]);
    assert_eq!(rule.actions, [Action::Mark(7), Action::Queue(QueueId(3))]);
}

#[test]
fn an_rss_action_has_all_of_its_parameters() {
    let line = "pattern end actions rss func symmetric_toeplitz level 1 types ipv4 udp end key 0a0B queues 0 2 end / end";
    let rule = rule(&words(line)).unwrap();
    let [Action::Rss(rss)] = &rule.actions[..] else { panic!("{:?}", rule.actions) };
    assert_eq!((rss.function, rss.level), (RssFunction::SymmetricToeplitz, 1));
    let both = RssTypes::named("ipv4").unwrap().0 | RssTypes::named("udp").unwrap().0;
    assert_eq!(rss.types, Some(RssTypes(both)));
    assert_eq!((&rss.key[..], rss.queues.as_deref()), (&[0x0a, 0x0b][..], Some(&[0, 2][..])));
}

#[test]
fn what_can_follow_depends_on_what_stands_before() {
    assert_eq!(next("ingress pattern eth src"), ["is", "spec", "last", "mask", "prefix"]);
    assert_eq!(next("pattern udp"), ["src", "dst", "/"]);
    assert_eq!(next("pattern end"), ["actions"]);
    assert_eq!(next("pattern end actions drop"), ["/"]);
    let followed = (RULE.follow)(&words("pattern vlan vid is 4096"));
    assert_eq!(
        (followed.understood, followed.form.as_deref()),
        (4, Some("a number from 0 to 4095"))
    );
}

#[test]
fn only_a_whole_rule_may_end() {
    for (line, may_end) in [
        ("pattern end actions drop / end", true),
        ("pattern end actions end", true),
        ("pattern end actions drop /", false),
        ("pattern end actions drop / end end", false),
        ("", false),
    ] {
        assert_eq!((RULE.follow)(&words(line)).may_end, may_end, "{line}");
        assert_eq!(rule(&words(line)).is_some(), may_end, "{line}");
    }
    assert_eq!(numbered(&["rule", "0", "rule", "7"], "rule"), Some(vec![0, 7]));
    assert_eq!(numbered(&["rule", "0", "rule"], "rule"), None);
}

proptest! {
    #[test]
    fn any_words_are_followed_as_far_as_they_go(
        line in "((ingress|pattern|eth|ipv4|vlan|/|end|actions|rss|queues|types|ip|key|src|vid|is|mask|prefix|1|10.0.0.1|\\PC{0,3}) ){0,16}",
    ) {
        let words = words(&line);
        let followed = (RULE.follow)(&words);
        prop_assert!(followed.understood <= words.len());
        if followed.understood < words.len() || !followed.may_end {
            prop_assert!(rule(&words).is_none());
        }
        // Each word that is offered is taken.
        let understood = &words[..followed.understood];
        for choice in followed.choices {
            let longer = (RULE.follow)(&[understood, &[choice]].concat());
            prop_assert_eq!(longer.understood, understood.len() + 1);
        }
    }
}
