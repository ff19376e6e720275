use super::{
    super::testing::{N1, N2, N3, law, t},
    Elections, LAW,
};

#[test]
fn one_term_has_one_leader_for_ever() {
    let mut elections = Elections::default();
    assert_eq!(elections.leads(N1, t(2)), Ok(()));
    assert_eq!(elections.leads(N2, t(3)), Ok(()));
    assert_eq!(elections.leads(N1, t(2)), Ok(()));
    assert_eq!(law(elections.leads(N3, t(2))), LAW);
    assert_eq!(elections.count(), 2);
}

#[test]
fn nobody_follows_whom_no_one_elected() {
    let mut elections = Elections::default();
    assert_eq!(law(elections.follows(N1, N2, t(2))), LAW);
    elections.leads(N2, t(2)).expect("the first");
    assert_eq!(elections.follows(N1, N2, t(2)), Ok(()));
    assert_eq!(law(elections.follows(N1, N3, t(2))), LAW);
}
