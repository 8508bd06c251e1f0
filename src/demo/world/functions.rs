//! Lambda functions.

use super::types::Function;
use super::{World, time};

impl World {
    /// All Lambda functions.
    pub fn functions(&self) -> Vec<Function> {
        let functions = self.scenario.functions.iter().map(|spec| Function {
            name: spec.name.clone(),
            arn: self.arn("lambda", &format!("function:{}", spec.name)),
            alias: Some((spec.alias.clone(), spec.version)),
            log_group: format!("/aws/lambda/{}", spec.name),
            runtime: "python3.13",
            memory: spec.memory,
            timeout: 30,
            queue_arn: (!spec.queue.is_empty()).then(|| self.arn("sqs", &spec.queue)),
            mapping: (!spec.queue.is_empty()).then(|| self.dice.named("mapping").named(&spec.name).uuid()),
            modified: time(self.start - 11 * 86_400_000),
        });
        functions.collect()
    }
}
