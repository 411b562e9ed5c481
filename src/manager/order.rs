//! In which order the desks stand on the panel: what needs the user comes first.
//! The cursor moves through the same order that is drawn. Knows nothing of rows, keys or scrolling.

use super::board::{Board, Desk, Health, State, Unisolated};
use super::ids::DeskId;
use super::panel::Row;

/// What has a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// A desk.
    Desk(&'a Desk),
    /// A Claude outside Carrel.
    Outside(&'a Unisolated),
}

impl Listed<'_> {
    /// Its name.
    #[must_use]
    pub fn row(&self) -> Row {
        match self {
            Listed::Desk(desk) => Row::Desk(desk.pane),
            Listed::Outside(outside) => Row::Outside(outside.terminal),
        }
    }
}

/// All that the everyday scene lists, in display order: Claudes outside Carrel stand below the desks that need the user.
#[must_use]
pub fn listed(board: &Board) -> Vec<Listed<'_>> {
    let desks = ordered(board);
    let urgent = desks.iter().take_while(|desk| rank(desk) < QUIET).count();
    let outside = board.unisolated.iter().map(Listed::Outside);
    let mut listed: Vec<Listed> = desks.into_iter().map(Listed::Desk).collect();
    listed.splice(urgent..urgent, outside);
    listed
}

/// From here on a desk needs nobody.
const QUIET: u8 = 2;

/// The desks' names in display order: waiting ones, unhealthy ones, then from busy to ended; ties as they were opened.
#[must_use]
pub fn order(board: &Board) -> Vec<DeskId> {
    ordered(board).into_iter().map(|desk| desk.pane).collect()
}

/// The same with the desks themselves, for whoever draws them.
#[must_use]
pub fn ordered(board: &Board) -> Vec<&Desk> {
    let mut desks: Vec<&Desk> = board.desks.iter().collect();
    // Stable: a desk keeps its place among its likes, so that rows do not jump at every event.
    desks.sort_by_key(|desk| rank(desk));
    desks
}

/// Whether this is a verdict that the user must do something about. `Unknown` is not one: nothing is proved then.
#[must_use]
pub fn needs_mending(health: Health) -> bool {
    match health {
        Health::Mismatch | Health::Leaking | Health::Unsupported => true,
        Health::Isolated | Health::Unknown => false,
    }
}

/// Whether the user must do something about a desk's isolation: also where nothing is proved for a reason that was found.
#[must_use]
pub fn is_troubled(desk: &Desk) -> bool {
    let runs = !matches!(desk.state, State::Exited | State::Suspended);
    needs_mending(desk.health) || (runs && desk.health == Health::Unknown && !desk.problems.is_empty())
}

fn rank(desk: &Desk) -> u8 {
    match desk.state {
        State::Waiting => 0,
        _ if is_troubled(desk) => 1,
        State::Working => 2,
        State::Starting => 3,
        State::Idle => 4,
        State::Suspended => 5,
        State::Unknown => 6,
        State::Exited => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::board::Method;
    use uuid::Uuid;

    fn desk(id: u128, state: State, health: Health) -> Desk {
        Desk {
            pane: DeskId(Uuid::from_u128(id)),
            terminal: None,
            method: Method::ConfigDir,
            config_dir: None,
            cwd: None,
            session: None,
            state,
            waiting_for: None,
            health,
            proof: None,
            problems: Vec::new(),
            bytes: None,
            opened_ms: None,
            changed: crate::manager::board::Changed::default(),
        }
    }

    fn order_of(desks: Vec<Desk>) -> Vec<u128> {
        order(&Board { desks, ..Board::default() }).into_iter().map(|id| id.0.as_u128()).collect()
    }

    #[test]
    fn what_waits_for_the_user_stands_above_what_is_broken_and_that_above_all_else() {
        let healthy = Health::Isolated;
        let desks = vec![
            desk(1, State::Exited, healthy),
            desk(2, State::Unknown, Health::Unknown),
            desk(3, State::Suspended, healthy),
            desk(4, State::Idle, healthy),
            desk(5, State::Starting, Health::Unknown),
            desk(6, State::Working, healthy),
            desk(7, State::Exited, Health::Leaking),
            desk(8, State::Idle, Health::Mismatch),
            desk(9, State::Working, Health::Unsupported),
            desk(10, State::Waiting, healthy),
            desk(11, State::Waiting, Health::Leaking),
        ];
        assert_eq!(order_of(desks), [10, 11, 7, 8, 9, 6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn desks_of_one_kind_stay_in_the_order_in_which_they_were_opened() {
        let desks = [5, 3, 9, 1].into_iter().map(|id| desk(id, State::Idle, Health::Isolated)).collect();
        assert_eq!(order_of(desks), [5, 3, 9, 1]);
    }
}
