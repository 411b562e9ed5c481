//! A pane that needs its user, on the real screen: its frame, the bell, a notification.

use crate::desks::Pane;
use crate::support::claude::{self, shows_permission_question};
use crate::support::machine::Machine;
use crate::support::zellij::{key, Client, Setup, Zellij};

/// The colour of the frame above the second of two tiles, near its right end, once it is drawn.
fn frame(client: &Client) -> Option<vt100::Color> {
    let cells = client.cells();
    let is_frame = |row: &u16| cells.cell(*row, 115).is_some_and(|cell| cell.contents() == "─");
    let row = (1..40).find(is_frame)?;
    cells.cell(row, 115).map(vt100::Cell::fgcolor)
}

#[test]
fn a_pane_that_waits_is_marked_in_its_frame_and_a_notification_is_sent_and_nothing_of_it_is_saved() {
    let machine = Machine::new();
    let setup = Setup::carrel().option("notify", "osc");
    let zellij = Zellij::new(&machine, &setup);
    let mut client = zellij.start();
    let pane = Pane::open(&zellij, "");
    zellij.wait_status("isolated", |status| pane.entry(status)["health"] == "isolated");
    // The user is in the shell, above.
    client.keys(&key::alt('k'));
    zellij.wait_panes("the shell has the focus", |panes| {
        panes.iter().any(|pane| pane["title"] == "first" && pane["is_focused"] == true)
    });
    let (unmarked, layout) = (machine.wait("a frame between the tiles", || frame(&client)), zellij.save());
    zellij.type_line(pane.terminal, "run: echo hello > note.txt");
    machine.wait("the frame is marked", || frame(&client).filter(|color| *color != unmarked));
    machine
        .wait("a notification", || client.received("Claude waits for you: project: permission prompt").then_some(()));
    let marked = machine.wait("the frame", || frame(&client));
    assert_eq!(zellij.save(), layout, "nothing of it is saved");
    // After a reload nobody knows who marked it; every client sees it.
    zellij.action(&["start-or-reload-plugin", "carrel"]);
    zellij
        .wait_status("a new instance", |status| pane.entry_in(status).is_some_and(|entry| entry["state"] == "waiting"));
    assert_eq!(frame(&client), Some(marked), "the reason is there still");
    let second = zellij.attach();
    machine.wait("the second client sees it", || (frame(&second) == Some(marked)).then_some(()));
    // While it is there, its own focus has a colour too.
    second.detach();
    client.keys(&key::alt('j'));
    client.wait_screen("the permission question", shows_permission_question);
    claude::allow(&mut client);
    client.keys(&key::alt('k'));
    machine.wait("the frame is as it was", || (frame(&client) == Some(unmarked)).then_some(()));
}
