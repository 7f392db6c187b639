//! `Assign`, and whether each variable that is read is assigned where it can be seen.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use syntax::{Shape, quoted};

use super::query::{self, Place, Sees};
use super::scope::{Builder, Sight};
use crate::diagnostic::{DiagnosticCode, MentionKind};
use crate::fields::Fields;
use crate::template;
use crate::variables::Assign;
use jsonpath::is_variable_name;

/// `Assign`: an object of names and what they get.
pub(super) fn assign(fields: &mut Fields<'_, '_>, sees: Sees) -> Assign {
    let Some(node) = fields.take("Assign") else { return Assign::default() };
    let report = fields.report;
    let Shape::Object(members) = &node.shape else {
        fields.wrong("Assign", "'Assign' must be an object of variables and their values.");
        return Assign::default();
    };
    let mut assigned: Vec<(Arc<str>, _)> = Vec::with_capacity(members.len());
    let mut names = HashSet::new();
    for member in members {
        let (name, value) = if fields.is_jsonata() {
            let field = format!("Assign/{}", member.key);
            let place = Place { field: &field, at: member.at, sees };
            (member.key.clone(), query::template(&member.node, place, report))
        } else {
            template::filled(&member.key, &member.node, member.at, report)
        };
        if !is_variable_name(&name) || name == "states" {
            let message =
                "is no name for a variable: take 1 to 80 letters, digits and '_', a letter first, and not 'states'.";
            report.error(DiagnosticCode::InvalidVariable, member.at, format!("{} {message}", quoted(&name)));
            continue;
        }
        let name: Arc<str> = name.into();
        if !names.insert(Arc::clone(&name)) {
            report.schema(member.at, format!("The variable '{name}' is assigned twice here; keep one."));
        }
        report.mention(member.at, &name, MentionKind::Assigned);
        assigned.push((name, value));
    }
    Assign(assigned.into())
}

impl Builder<'_, '_> {
    /// Reports variables that are read where nothing can have assigned them, and those that are assigned in a scope and
    /// in one around it too.
    pub(super) fn check_variables(&self) {
        let mentions = self.report.mentions.borrow();
        let mut owners: HashMap<&str, HashSet<usize>> = HashMap::new();
        for mention in mentions.iter().filter(|mention| mention.kind == MentionKind::Assigned) {
            owners.entry(&mention.name).or_default().insert(mention.scope);
        }
        for mention in mentions.iter() {
            let owners = owners.get(&*mention.name);
            let owns = |scope: &usize| owners.is_some_and(|owners| owners.contains(scope));
            let mut outer = self.seen_from(mention.scope);
            let (name, at) = (&mention.name, mention.at);
            let message = match mention.kind {
                MentionKind::Assigned if outer.any(|scope| owns(&scope)) => {
                    format!("The variable '{name}' is assigned outside of this scope too; give it another name here.")
                }
                MentionKind::Read if !owns(&mention.scope) && !outer.any(|scope| owns(&scope)) => {
                    format!("No state that can be seen from here assigns the variable '{name}'.")
                }
                _ => continue,
            };
            self.report.error(DiagnosticCode::InvalidVariable, at, message);
        }
    }

    /// The scopes around this one, as far as their variables can be seen from it.
    fn seen_from(&self, scope: usize) -> impl Iterator<Item = usize> {
        let outer = |scope: &usize| match self.around.get(*scope) {
            Some(Some((outer, Sight::Inside))) => Some(*outer),
            _ => None,
        };
        std::iter::successors(outer(&scope), move |scope| outer(scope))
    }
}
