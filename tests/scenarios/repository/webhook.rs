//! A git host tells of pushes.

use aitk_tests::{Person, http};
use serde_json::json;

use super::{BO, Handbook};

#[test]
fn a_webhook_with_the_secret_brings_what_was_pushed() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    let hook = format!("{}/api/webhooks/git/{}", handbook.platform.url, handbook.project);
    let call = |token: &str, body: String| {
        http().post(&hook).header("x-gitlab-token", token).body(body).send().unwrap().status().as_u16()
    };
    let push = |branch: &str| json!({"ref": format!("refs/heads/{branch}")}).to_string();
    assert_eq!(call("s3cret-of-the-hook", push("main")), 404, "without a secret there is no webhook");

    let admin = Person::new();
    admin.feed(&["login", &handbook.platform.url], &handbook.platform.admin_key).expect(0);
    let url = &handbook.platform.url;
    let set = ["project", "set", "handbook", "--url", url, "--webhook-secret-stdin"];
    let done = admin.feed(&set, "s3cret-of-the-hook").expect(0).says(&["/api/webhooks/git/"]);
    assert!(!format!("{done:?}").contains("s3cret"));

    let before = handbook.platform.head(&handbook.project);
    handbook.remote.commit("handbook", "main", &[("docs/a.md", "A\n")], BO, "outside");
    assert_eq!(call("wrong", push("main")), 401);
    assert_eq!(call("s3cret-of-the-hook", push("other")), 200);
    assert_eq!(handbook.doc("a.md")["content"], "a\n");
    handbook.remote.forget_requests();
    for _ in 0..20 {
        assert_eq!(call("s3cret-of-the-hook", push("main")), 202);
    }
    handbook.platform.event(&handbook.project, before, "docs:synced");
    assert_eq!(handbook.doc("a.md")["content"], "A\n");
    let nobody = format!("{}/api/webhooks/git/prj_nobody", handbook.platform.url);
    assert_eq!(http().post(nobody).body(push("main")).send().unwrap().status().as_u16(), 404);
    assert_eq!(call("s3cret-of-the-hook", "x".repeat(6 * 1024 * 1024)), 413);

    // While somebody holds the lock it waits for its end.
    handbook.lead.aitk(&["lock", "--reason", "r"]).expect(0);
    handbook.remote.commit("handbook", "main", &[("docs/b.md", "b\n")], BO, "more");
    assert_eq!(call("s3cret-of-the-hook", push("main")), 202);
    handbook.put("c.md", "c\n");
    assert_eq!(handbook.lead.aitk(&["docs", "ls"]).expect(0).out, "a.md\nc.md\n");
    let before = handbook.platform.head(&handbook.project);
    handbook.lead.aitk(&["unlock"]).expect(0);
    handbook.platform.event(&handbook.project, before, "docs:published");
    assert_eq!(handbook.lead.aitk(&["docs", "ls"]).expect(0).out, "a.md\nb.md\nc.md\n");
}
