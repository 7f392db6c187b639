//! What the document of one state is at each stage on its way through: InputPath, Parameters, and so on. Computed by the
//! same functions as the run itself, and beside it, for whoever inspects.

use std::sync::Arc;

use serde_json::Value;

use super::Execution;
use super::walk::Move;
use crate::data::Document;
use crate::failure::Failure;
use crate::frame::{Frame, FrameId};
use crate::language::QueryLanguage;
use crate::machine::StateMachine;
use crate::state::{Errand, Flow, Map, Pass, Placement, Selection, State, Work};
use crate::template::Template;
use crate::world::{Scene, World};

const FRAME: FrameId = 0;

/// The stages that were reached. Those that the state does not have stay empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stages {
    /// After `InputPath`.
    pub after_input_path: Option<Arc<Value>>,
    /// After `Parameters`.
    pub after_parameters: Option<Arc<Value>>,
    /// After `Arguments`.
    pub after_arguments: Option<Arc<Value>>,
    /// The items of a Map.
    pub after_items_path: Option<Arc<Value>>,
    /// The inputs of all iterations.
    pub after_item_selector: Option<Value>,
    /// `MaxConcurrency` of a Map; 0 is no limit.
    pub max_concurrency: Option<u32>,
    /// The result of the work.
    pub result: Option<Arc<Value>>,
    /// After `ResultSelector`.
    pub after_result_selector: Option<Arc<Value>>,
    /// After `ResultPath`.
    pub after_result_path: Option<Arc<Value>>,
}

impl Execution {
    /// What the run that stands before the state will make of its input, and of `result` after that. Changes nothing.
    pub(super) fn stages(&self, result: Option<&Value>) -> Stages {
        let mut stages = Stages::default();
        // How far it comes is what is asked; why it comes no further is the run's own answer.
        drop(self.fill(&mut stages, result));
        stages
    }

    /// Whether what comes before the children of a distributed Map succeeds.
    pub(super) fn before_items(&self, machine: &StateMachine) -> Move {
        let mut stages = Stages::default();
        match (self.fill(&mut stages, None), self.stand(machine, FRAME)) {
            (Err(failure), Some((state, _))) => super::enter::fails(state, failure),
            _ => Move::Stay,
        }
    }

    fn fill(&self, stages: &mut Stages, result: Option<&Value>) -> Result<(), Failure> {
        let machine = &self.machine;
        let Some((state, frame)) = self.stand(machine, FRAME) else { return Ok(()) };
        let world = self.world(state, frame);
        let (mut stage, errand) = match &state.work {
            Work::Task(task) => (Stage { state, frame, world: &world, stages }, &task.errand),
            Work::Parallel(parallel) => (Stage { state, frame, world: &world, stages }, &parallel.errand),
            Work::Map(map) => {
                let mut stage = Stage { state, frame, world: &world, stages };
                self.items(map, &mut stage)?;
                return stage.after(&map.errand, result);
            }
            Work::Pass(pass) => return Stage { state, frame, world: &world, stages }.pass(pass),
            Work::Choice(choice) => {
                return Stage { state, frame, world: &world, stages }.select(&choice.flow).map(drop);
            }
            Work::Wait(wait) => return Stage { state, frame, world: &world, stages }.select(&wait.flow).map(drop),
            Work::Succeed { flow } => return Stage { state, frame, world: &world, stages }.select(flow).map(drop),
            Work::Fail(_) => return Ok(()),
        };
        let selected = stage.select(&errand.flow)?;
        stage.shape(selected, errand.parameters.as_ref(), "Parameters")?;
        stage.after(errand, result)
    }

    fn items(&self, map: &Map, stage: &mut Stage<'_>) -> Result<(), Failure> {
        let world = stage.world;
        let input = stage.select(&map.errand.flow)?;
        stage.stages.max_concurrency = Some(super::spread::concurrency(map, &input, world)?);
        let items = match self.given.as_ref().and_then(|given| given.items.as_ref()) {
            Some(items) => Document::new(Arc::clone(items)),
            None => input.select(&map.items, world, "ItemsPath")?,
        };
        let Some(list) = items.value.as_array() else { return Err(super::spread::no_items(map)) };
        if stage.state.language == QueryLanguage::JsonPath || !matches!(map.items, Selection::Whole) {
            stage.stages.after_items_path = Some(Arc::clone(&items.value));
        }
        let Some(selector) = &map.errand.parameters else { return Ok(()) };
        let mut selected = Vec::with_capacity(list.len());
        for index in 0..list.len() {
            let world = self.world_with(stage.state, stage.frame, Some((Arc::clone(&items.value), index)));
            // What all of them cost together is bounded as one state's work is.
            world.allowance.set(stage.world.allowance.get());
            let made = Document::made(selector, input.scene(&world), "ItemSelector")?;
            stage.world.allowance.set(world.allowance.get());
            stage.world.spend(made.bytes())?;
            selected.push(Arc::unwrap_or_clone(made.value));
        }
        stage.stages.after_item_selector = Some(Value::Array(selected));
        Ok(())
    }
}

/// A state and what has been computed of it so far.
struct Stage<'s> {
    state: &'s State,
    frame: &'s Frame,
    world: &'s World,
    stages: &'s mut Stages,
}

impl Stage<'_> {
    fn is_jsonata(&self) -> bool {
        self.state.language == QueryLanguage::Jsonata
    }

    fn select(&mut self, flow: &Flow) -> Result<Document, Failure> {
        let selected = self.frame.input.select(&flow.input, self.world, "InputPath")?;
        if !self.is_jsonata() {
            self.stages.after_input_path = Some(Arc::clone(&selected.value));
        }
        Ok(selected)
    }

    fn shape(&mut self, selected: Document, template: Option<&Template>, field: &str) -> Result<Document, Failure> {
        let shaped = selected.shape(template, self.world, field)?;
        let slot = if self.is_jsonata() { &mut self.stages.after_arguments } else { &mut self.stages.after_parameters };
        *slot = Some(Arc::clone(&shaped.value));
        Ok(shaped)
    }

    /// `Result`, or what goes in.
    fn pass(&mut self, pass: &Pass) -> Result<(), Failure> {
        let selected = self.select(&pass.flow)?;
        if self.is_jsonata() {
            return Ok(());
        }
        let shaped = self.shape(selected, pass.parameters.as_ref(), "Parameters")?;
        let result = match &pass.result {
            Some(result) => Document::new(Arc::clone(result)),
            None => shaped,
        };
        self.stages.result = Some(Arc::clone(&result.value));
        self.place(&pass.placement, result)
    }

    /// What follows the work.
    fn after(&mut self, errand: &Errand, result: Option<&Value>) -> Result<(), Failure> {
        let Some(result) = result else { return Ok(()) };
        let raw = Document::new(Arc::new(result.clone())).within(self.world.limit)?;
        self.stages.result = Some(Arc::clone(&raw.value));
        if self.is_jsonata() {
            return Ok(());
        }
        let scene: Scene<'_> = raw.scene(self.world);
        let selector = errand.selector.as_ref();
        let made = selector.map(|selector| Document::made(selector, scene, "ResultSelector")).transpose()?;
        let result = made.unwrap_or_else(|| raw.clone());
        self.stages.after_result_selector = Some(Arc::clone(&result.value));
        self.place(&errand.placement, result)
    }

    fn place(&mut self, placement: &Placement, result: Document) -> Result<(), Failure> {
        let mut input = self.frame.input.clone();
        input.place(placement, result, self.world)?;
        self.stages.after_result_path = Some(input.value);
        Ok(())
    }
}
