//! One state.

use std::time::Duration;

use syntax::Node;

use super::Printer;
use super::object::Object;
use crate::kind::MachineKind;
use crate::state::{
    Choice, Concurrency, Errand, Fail, Limit, Map, Mode, Parallel, Pass, State, Task, Text, Until, Wait, Work,
};
use crate::timestamp;

impl Printer<'_> {
    pub(super) fn state(&self, state: &State) -> Node {
        let mut object = Object::new(state.language);
        object.put("Type", state.kind().as_str());
        let (comment, others): (Vec<_>, Vec<_>) = state.kept.iter().partition(|(name, _)| *name == "Comment");
        for (name, value) in comment {
            object.put(name, value.clone());
        }
        if state.language != self.language {
            object.put("QueryLanguage", state.language.word());
        }
        for (name, value) in others {
            object.put(name, value.clone());
        }
        match &state.work {
            Work::Task(task) => self.task(task, &mut object),
            Work::Pass(pass) => self.pass(pass, &mut object),
            Work::Choice(choice) => self.choice(choice, &mut object),
            Work::Wait(wait) => self.wait(wait, &mut object),
            Work::Parallel(parallel) => self.parallel(parallel, &mut object),
            Work::Map(map) => self.map(map, &mut object),
            Work::Succeed { flow } => {
                object.input(flow);
                object.output(flow);
            }
            Work::Fail(fail) => print_fail(fail, &mut object),
        }
        object.into()
    }

    fn task(&self, task: &Task, object: &mut Object) {
        object.put("Resource", &*task.resource);
        limit(("TimeoutSeconds", "TimeoutSecondsPath"), &task.timeout, object);
        limit(("HeartbeatSeconds", "HeartbeatSecondsPath"), &task.heartbeat, object);
        self.errand(("Parameters", "Arguments"), &task.errand, object);
    }

    fn parallel(&self, parallel: &Parallel, object: &mut Object) {
        let branches = parallel.branches.iter().map(|scope| {
            let mut branch = Object::new(self.language);
            self.scope(*scope, &mut branch);
            Node::from(branch)
        });
        object.put("Branches", branches.collect::<Node>());
        self.errand(("Parameters", "Arguments"), &parallel.errand, object);
    }

    fn map(&self, map: &Map, object: &mut Object) {
        object.selection(("ItemsPath", "Items"), &map.items);
        match &map.concurrency {
            Concurrency::Fixed(0) => {}
            Concurrency::Fixed(most) => object.put("MaxConcurrency", u64::from(*most)),
            Concurrency::At(formula) => object.formula(("MaxConcurrency", "MaxConcurrencyPath"), formula),
        }
        let mut processor = Object::new(self.language);
        if let Mode::Distributed(kind) = map.mode {
            let mut config = Object::new(self.language);
            config.put("Mode", "DISTRIBUTED");
            config.put("ExecutionType", if kind == MachineKind::Express { "EXPRESS" } else { "STANDARD" });
            processor.put("ProcessorConfig", config);
        }
        self.scope(map.processor, &mut processor);
        object.put("ItemProcessor", processor);
        self.errand(("ItemSelector", "ItemSelector"), &map.errand, object);
    }

    /// What Task, Parallel and Map have in common; `template` is the name of what shapes the input, in each language.
    fn errand(&self, (jsonpath, jsonata): (&str, &str), errand: &Errand, object: &mut Object) {
        object.input(&errand.flow);
        let (template, selector) = if object.is_jsonata() { (jsonata, "Output") } else { (jsonpath, "ResultSelector") };
        object.template(template, errand.parameters.as_ref());
        object.template(selector, errand.selector.as_ref());
        object.placement(&errand.placement);
        object.output(&errand.flow);
        object.assign(&errand.assign);
        self.recovery(errand, object);
        self.then(errand.then, object);
    }

    fn pass(&self, pass: &Pass, object: &mut Object) {
        object.input(&pass.flow);
        let template = if object.is_jsonata() { "Output" } else { "Parameters" };
        object.template(template, pass.parameters.as_ref());
        if let Some(result) = &pass.result {
            object.put("Result", serde_json::Value::clone(result));
        }
        object.placement(&pass.placement);
        object.output(&pass.flow);
        object.assign(&pass.assign);
        self.then(pass.then, object);
    }

    fn choice(&self, choice: &Choice, object: &mut Object) {
        object.input(&choice.flow);
        object.put("Choices", choice.rules.iter().map(|rule| self.rule(rule, object.language)).collect::<Node>());
        if let Some(default) = choice.default {
            object.put("Default", self.name(default));
        }
        object.output(&choice.flow);
        object.assign(&choice.assign);
    }

    fn wait(&self, wait: &Wait, object: &mut Object) {
        object.input(&wait.flow);
        match &wait.until {
            Until::Passed(passed) => object.put("Seconds", passed.as_secs()),
            Until::Moment(moment) => object.put("Timestamp", timestamp::print(*moment)),
            Until::PassedAt(formula) => object.formula(("Seconds", "SecondsPath"), formula),
            Until::MomentAt(formula) => object.formula(("Timestamp", "TimestampPath"), formula),
        }
        object.output(&wait.flow);
        object.assign(&wait.assign);
        self.then(wait.then, object);
    }
}

fn limit(names: (&str, &str), limit: &Limit, object: &mut Object) {
    match limit {
        Limit::None => {}
        Limit::Fixed(duration) => object.put(names.0, Duration::as_secs(duration)),
        Limit::At(formula) => object.formula(names, formula),
    }
}

fn print_fail(fail: &Fail, object: &mut Object) {
    for (names, text) in [(("Error", "ErrorPath"), &fail.error), (("Cause", "CausePath"), &fail.cause)] {
        match text {
            Text::None => {}
            Text::Fixed(text) => object.put(names.0, text.as_str()),
            Text::At(formula) => object.formula(names, formula),
        }
    }
}
