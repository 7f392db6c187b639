// Writes down what aws-cdk-lib makes of state machines as people write them with it:
//
//     npm install aws-cdk-lib@2 constructs && node record.mjs
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
const require = createRequire(process.cwd() + "/");
const cdk = require("aws-cdk-lib");
const sfn = require("aws-cdk-lib/aws-stepfunctions");
const tasks = require("aws-cdk-lib/aws-stepfunctions-tasks");
const lambda = require("aws-cdk-lib/aws-lambda");
const sqs = require("aws-cdk-lib/aws-sqs");
const sns = require("aws-cdk-lib/aws-sns");
const dynamodb = require("aws-cdk-lib/aws-dynamodb");
const s3 = require("aws-cdk-lib/aws-s3");

const plain = (value) => {
  if (typeof value === "string") return value;
  if (value["Fn::Join"]) return value["Fn::Join"][1].map(plain).join(value["Fn::Join"][0]);
  if (value["Fn::GetAtt"]) {
    const [name, attribute] = value["Fn::GetAtt"];
    if (attribute === "Arn") return `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;
    return `${name}.${attribute}`;
  }
  if (value.Ref === "AWS::Partition") return "aws";
  if (value.Ref === "AWS::Region") return "eu-central-1";
  if (value.Ref === "AWS::AccountId") return "123456789012";
  throw new Error(JSON.stringify(value));
};

const app = new cdk.App();
const machines = {};
const machine = (name, build, props = {}) => {
  const scope = new cdk.Stack(app, name, { env: { region: "eu-central-1", account: "123456789012" } });
  const chain = build(scope);
  new sfn.StateMachine(scope, "Machine", { definitionBody: sfn.DefinitionBody.fromChainable(chain), ...props });
  machines[name] = scope;
};
const f = (scope, name) => lambda.Function.fromFunctionName(scope, `Fn${name}`, name);

machine("order", (s) => {
  const pay = new tasks.LambdaInvoke(s, "Pay", { lambdaFunction: f(s, "payment"), payload: sfn.TaskInput.fromObject({ amount: sfn.JsonPath.numberAt("$.amount") }), resultPath: "$.payment", resultSelector: { id: sfn.JsonPath.stringAt("$.Payload.id") }, taskTimeout: sfn.Timeout.duration(cdk.Duration.minutes(5)), heartbeatTimeout: sfn.Timeout.duration(cdk.Duration.minutes(1)) });
  const failed = new sfn.Fail(s, "Failed", { errorPath: "$.error.Error", causePath: sfn.JsonPath.format("order {}", sfn.JsonPath.stringAt("$.id")) });
  pay.addCatch(failed, { resultPath: "$.error" });
  pay.addRetry({ errors: ["Busy"], interval: cdk.Duration.seconds(2), maxAttempts: 4, backoffRate: 1.5, maxDelay: cdk.Duration.seconds(20), jitterStrategy: sfn.JitterType.FULL });
  const wait = new sfn.Wait(s, "Supplier", { time: sfn.WaitTime.timestampPath("$.due") });
  const each = new sfn.Map(s, "Lines", { itemsPath: "$.lines", maxConcurrency: 4, itemSelector: { line: sfn.JsonPath.stringAt("$$.Map.Item.Value"), index: sfn.JsonPath.numberAt("$$.Map.Item.Index") }, resultPath: sfn.JsonPath.DISCARD });
  each.itemProcessor(new tasks.LambdaInvoke(s, "Reserve", { lambdaFunction: f(s, "procurement"), payloadResponseOnly: true }));
  const both = new sfn.Parallel(s, "Both", { resultPath: "$.both" }).branch(new sfn.Pass(s, "Label", { parameters: { label: sfn.JsonPath.format("{}-{}", sfn.JsonPath.stringAt("$.id"), sfn.JsonPath.uuid()) } })).branch(new sfn.Pass(s, "Zero", { result: sfn.Result.fromObject({ n: 0 }) }));
  const large = new sfn.Choice(s, "Large?").when(sfn.Condition.and(sfn.Condition.numberGreaterThan("$.amount", 1000), sfn.Condition.not(sfn.Condition.booleanEquals("$.approved", true))), new sfn.Pass(s, "Ask", { inputPath: "$.id", outputPath: "$" }).next(wait)).when(sfn.Condition.or(sfn.Condition.isPresent("$.express"), sfn.Condition.stringMatches("$.sku", "lamp*"), sfn.Condition.timestampLessThan("$.due", "2027-01-01T00:00:00Z")), both).otherwise(wait);
  wait.next(each).next(both).next(new sfn.Succeed(s, "Done"));
  return pay.next(large);
}, { timeout: cdk.Duration.days(365), comment: "an order" });

machine("jsonata", (s) => {
  const pass = sfn.Pass.jsonata(s, "Shape", { outputs: { total: "{% $sum($states.input.lines.price) %}" }, assign: { order: "{% $states.input.id %}" } });
  const choice = sfn.Choice.jsonata(s, "Large?");
  const map = sfn.Map.jsonata(s, "Each", { items: sfn.ProvideItems.jsonata("{% [1, 2, 3] %}"), maxConcurrency: 2 });
  map.itemProcessor(tasks.LambdaInvoke.jsonata(s, "Work", { lambdaFunction: f(s, "work"), payload: sfn.TaskInput.fromObject({ n: "{% $states.input %}" }), outputs: "{% $states.result.Payload %}" }));
  return pass.next(choice.when(sfn.Condition.jsonata("{% $states.input.total > 10 %}"), map).otherwise(sfn.Wait.jsonata(s, "Rest", { time: sfn.WaitTime.seconds("{% $states.input.total %}") })));
}, { queryLanguage: sfn.QueryLanguage.JSONATA });

machine("services", (s) => {
  const queue = sqs.Queue.fromQueueArn(s, "Queue", "arn:aws:sqs:eu-central-1:123456789012:orders");
  const topic = sns.Topic.fromTopicArn(s, "Topic", "arn:aws:sns:eu-central-1:123456789012:told");
  const table = dynamodb.Table.fromTableName(s, "Table", "orders");
  return new tasks.SqsSendMessage(s, "Queue it", { queue, messageBody: sfn.TaskInput.fromJsonPathAt("$.order"), resultPath: sfn.JsonPath.DISCARD })
    .next(new tasks.SnsPublish(s, "Tell", { topic, message: sfn.TaskInput.fromText("hello"), resultPath: "$.told" }))
    .next(new tasks.DynamoPutItem(s, "Put", { table, item: { id: tasks.DynamoAttributeValue.fromString(sfn.JsonPath.stringAt("$.id")), n: tasks.DynamoAttributeValue.fromNumber(7) }, resultPath: sfn.JsonPath.DISCARD }))
    .next(new tasks.CallAwsService(s, "List", { service: "s3", action: "listObjectsV2", parameters: { Bucket: "orders" }, iamResources: ["*"] }))
    .next(new tasks.EvaluateExpression(s, "Sum", { expression: "$.a + $.b" }))
    .next(new tasks.SqsSendMessage(s, "Callback", { queue, integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN, messageBody: sfn.TaskInput.fromObject({ token: sfn.JsonPath.taskToken }) }));
});

machine("nested", (s) => {
  const child = sfn.StateMachine.fromStateMachineName(s, "Child", "child");
  const activity = sfn.Activity.fromActivityName(s, "Activity", "pack");
  return new tasks.StepFunctionsStartExecution(s, "Child run", { stateMachine: child, integrationPattern: sfn.IntegrationPattern.RUN_JOB, input: sfn.TaskInput.fromObject({ n: 1 }), associateWithParent: true })
    .next(new tasks.StepFunctionsInvokeActivity(s, "Pack", { activity, parameters: { id: sfn.JsonPath.stringAt("$.id") } }))
    .next(new tasks.LambdaInvoke(s, "Token", { lambdaFunction: f(s, "ask"), integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN, payload: sfn.TaskInput.fromObject({ token: sfn.JsonPath.taskToken, input: sfn.JsonPath.objectAt("$.order") }) }));
});

machine("distributed", (s) => {
  const bucket = s3.Bucket.fromBucketName(s, "Bucket", "orders");
  const each = new sfn.DistributedMap(s, "Each", { itemReader: new sfn.S3CsvItemReader({ bucket, key: "lines.csv", csvHeaders: sfn.CsvHeaders.useFirstRow(), maxItems: 100 }), itemBatcher: new sfn.ItemBatcher({ maxItemsPerBatch: 10, batchInput: { shop: "a" } }), resultWriterV2: new sfn.ResultWriterV2({ bucket, prefix: "out", writerConfig: { outputType: sfn.OutputType.JSONL, transformation: sfn.Transformation.COMPACT } }), toleratedFailurePercentage: 5, maxConcurrency: 40, label: "lines", mapExecutionType: sfn.StateMachineType.EXPRESS });
  each.itemProcessor(new sfn.Pass(s, "Line"));
  return each;
});

machine("http", (s) => {
  const events = require("aws-cdk-lib/aws-events");
  const connection = events.Connection.fromConnectionAttributes(s, "Connection", { connectionName: "stripe", connectionArn: "arn:aws:events:eu-central-1:123456789012:connection/stripe/1", connectionSecretArn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s" });
  return new tasks.HttpInvoke(s, "Charge", { apiRoot: "https://api.stripe.com", apiEndpoint: sfn.TaskInput.fromText("v1/charges"), method: sfn.TaskInput.fromText("POST"), connection, headers: sfn.TaskInput.fromObject({ "content-type": "application/x-www-form-urlencoded" }), urlEncodingFormat: tasks.URLEncodingFormat.BRACKETS, body: sfn.TaskInput.fromObject({ amount: sfn.JsonPath.numberAt("$.amount") }) });
});

for (const [name, scope] of Object.entries(machines)) {
  const template = app.synth().getStackByName(name).template;
  const found = Object.values(template.Resources).find((r) => r.Type === "AWS::StepFunctions::StateMachine");
  writeFileSync(`${name}.asl.json`, JSON.stringify(JSON.parse(plain(found.Properties.DefinitionString)), null, 2) + "\n");
  console.log(name);
}
