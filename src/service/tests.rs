//! A small shop put together, completed and corrected.

use super::*;
use crate::aws::TargetId;
use crate::config;

const LB: &str = "arn:aws:elasticloadbalancing:eu-west-2:111122223333:loadbalancer/app/web/50dc";

fn group_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-2:111122223333:targetgroup/{name}/9f")
}

fn group(name: &str) -> TargetGroup {
    TargetGroup { arn: group_arn(name), name: name.into(), load_balancers: vec![LB.into()] }
}

fn node(id: i32, name: &str, kind: &str, calls: &[i32]) -> Node {
    Node { id, name: name.into(), kind: kind.into(), calls: calls.to_vec() }
}

fn inventory() -> Inventory {
    let definition = |group: &str| TaskDefinition { log_groups: vec![group.into()] };
    Inventory {
        task_definitions: [
            ("web-checkout:42".to_owned(), definition("/ecs/checkout")),
            ("web-orders:18".to_owned(), definition("/ecs/orders")),
        ]
        .into(),
        target_groups: ["checkout-blue", "checkout-green", "orders-blue"].map(group).into(),
        forwards: vec![Forward {
            at: Vec::new(),
            groups: ["checkout-blue", "checkout-green"].map(group_arn).into(),
        }],
        functions: vec![Function { name: "receipts".into(), log_group: None }],
        mappings: vec![Mapping {
            function: "receipts".into(),
            alias: Some("live".into()),
            source: "arn:aws:sqs:eu-west-2:111122223333:receipts-queue".into(),
        }],
        ..Inventory::default()
    }
}

fn graph() -> Vec<Node> {
    vec![
        node(0, "checkout", "AWS::ECS::Container", &[1]),
        node(1, "orders", "AWS::ECS::Container", &[2]),
        node(2, "shop@orders-db.cluster-x1.eu-west-2.rds.amazonaws.com", "Database::SQL", &[]),
        node(3, "client", "client", &[0]),
    ]
}

type Dimensions = Vec<(String, String)>;

struct World {
    target: TargetId,
    inventory: Inventory,
    graph: Vec<Node>,
    config: Vec<config::Service>,
    alarms: Vec<(&'static str, Dimensions, &'static str)>,
    groups: Vec<&'static str>,
}

impl World {
    fn new() -> Self {
        let dims = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        Self {
            target: TargetId::new("prod"),
            inventory: inventory(),
            graph: graph(),
            config: Vec::new(),
            alarms: vec![
                ("checkout-5xx", dims(&[("ClusterName", "shop"), ("ServiceName", "checkout")]), ""),
                ("elsewhere-cpu", dims(&[("ClusterName", "other"), ("ServiceName", "checkout")]), ""),
                (
                    "green-5xx",
                    dims(&[
                        ("LoadBalancer", "app/web/50dc"),
                        ("TargetGroup", "targetgroup/checkout-green/9f"),
                    ]),
                    "",
                ),
                ("balancer-5xx", dims(&[("LoadBalancer", "app/web/50dc")]), ""),
                ("orders-db-connections", dims(&[("DBClusterIdentifier", "orders-db")]), ""),
                ("receipts-errors", dims(&[("FunctionName", "receipts"), ("Resource", "receipts:live")]), ""),
                ("receipts-queue-age", dims(&[("QueueName", "receipts-queue")]), ""),
                ("checkout-health", Vec::new(), r#"ALARM("checkout-5xx") OR ALARM(green-5xx)"#),
                ("prod-health", Vec::new(), "ALARM(checkout-5xx) OR ALARM(receipts-errors)"),
                ("checkout-lines", Vec::new(), ""),
                ("disk", dims(&[("InstanceId", "i-1")]), ""),
            ],
            groups: vec![
                "/aws/rds/cluster/orders-db/postgresql",
                "/aws/rds/cluster/other/error",
                "/ecs/cart",
            ],
        }
    }

    fn services(&self) -> Services {
        let (blue, orders) = ([group_arn("checkout-blue")], [group_arn("orders-blue")]);
        let ecs = |service, task_definition, groups| EcsService {
            cluster: "shop",
            service,
            task_definition,
            groups,
        };
        let ecs = [
            ecs("checkout", "web-checkout:42", &blue),
            ecs("orders", "web-orders:18", &orders),
            EcsService { cluster: "spare", service: "orders", task_definition: "", groups: &[] },
        ];
        let lines = ["/ecs/checkout".to_owned()];
        let alarms: Vec<Watched> = self
            .alarms
            .iter()
            .map(|(alarm, dims, rule)| Watched {
                alarm,
                dimensions: vec![dims.as_slice()],
                log_groups: if *alarm == "checkout-lines" { &lines } else { &[] },
                rule,
            })
            .collect();
        merge(&Found {
            target: &self.target,
            ecs: &ecs,
            inventory: Some(&self.inventory),
            graph: &self.graph,
            log_groups: &self.groups,
            alarms: &alarms,
            config: &self.config,
        })
    }
}

fn names(services: &Services) -> Vec<&str> {
    services.list().iter().map(|service| service.name.as_str()).collect()
}

#[test]
fn signals_find_their_service() {
    let services = World::new().services();
    assert_eq!(names(&services), ["checkout", "orders", "receipts", "spare/orders"]);
    let checkout = services.get("checkout").unwrap();
    let sides: Vec<_> = checkout.target_groups.iter().map(|side| side.name.as_str()).collect();
    assert_eq!(sides, ["checkout-blue", "checkout-green"], "the rule's other side too");
    assert_eq!(checkout.target_groups[0].dimension, "targetgroup/checkout-blue/9f");
    assert_eq!(checkout.target_groups[0].load_balancer.as_deref(), Some("app/web/50dc"));
    assert_eq!(checkout.own_balancer, None, "orders is behind it too");
    assert_eq!(services.of_log_group("/ecs/checkout"), Some(checkout));
    assert_eq!(services.of_ecs("shop", "checkout"), Some(checkout));
    assert_eq!(services.of_ecs("spare", "orders").map(|s| s.name.as_str()), Some("spare/orders"));
    let receipts = services.of_lambda("receipts").unwrap();
    assert_eq!(receipts.log_groups, ["/aws/lambda/receipts"]);
    assert_eq!(
        (receipts.alias.as_deref(), receipts.queue.as_deref()),
        (Some("live"), Some("receipts-queue"))
    );
}

#[test]
fn dependencies_come_from_edges_and_mappings() {
    let services = World::new().services();
    let depends = |name: &str| {
        let list = &services.get(name).unwrap().depends_on;
        list.iter().map(|on| (on.name.clone(), on.kind)).collect::<Vec<_>>()
    };
    assert_eq!(depends("checkout"), [("orders".to_owned(), DependencyKind::Service)]);
    assert_eq!(depends("orders"), [("orders-db".to_owned(), DependencyKind::Database)]);
    assert_eq!(depends("receipts"), [("receipts-queue".to_owned(), DependencyKind::Queue)]);
    let database = &services.get("orders").unwrap().depends_on[0];
    assert_eq!(database.log_groups, ["/aws/rds/cluster/orders-db/postgresql"]);
    let by = services.of_log_group("/aws/rds/cluster/orders-db/postgresql").unwrap();
    assert_eq!(by.name, "orders");
}

#[test]
fn alarms_belong_by_dimensions() {
    let services = World::new().services();
    for (alarm, service, dependency) in [
        ("checkout-5xx", Some("checkout"), None),
        ("green-5xx", Some("checkout"), None),
        ("elsewhere-cpu", None, None),
        ("balancer-5xx", None, None),
        ("orders-db-connections", Some("orders"), Some("orders-db")),
        ("receipts-errors", Some("receipts"), None),
        ("receipts-queue-age", Some("receipts"), Some("receipts-queue")),
        ("checkout-health", Some("checkout"), None),
        ("prod-health", None, None),
        ("checkout-lines", Some("checkout"), None),
        ("disk", None, None),
        ("no such alarm", None, None),
    ] {
        let owner = services.of_alarm(alarm).next();
        assert_eq!(owner.map(|owner| owner.service.name.as_str()), service, "{alarm}");
        let on = owner.and_then(|owner| owner.dependency).map(|on| on.name.as_str());
        assert_eq!(on, dependency, "{alarm}");
    }
}

#[test]
fn configuration_completes_and_corrects() {
    let mut world = World::new();
    let entry = |name: &str| config::Service { name: name.into(), ..config::Service::default() };
    world.config = vec![
        config::Service {
            ecs: Some("shop/checkout".into()),
            log_groups: vec!["/edge/access".into(), "/ecs/checkout".into()],
            xray: Some("edge".into()),
            alarms: vec!["d?sk".into()],
            depends_on: vec!["orders-db".into(), "stripe".into()],
            ..entry("storefront")
        },
        config::Service { lambda: Some("receipts:beta".into()), ..entry("receipts") },
        config::Service { target: Some("other".into()), ..entry("not here") },
        config::Service { log_groups: vec!["/vm/legacy".into()], ..entry("legacy") },
    ];
    let services = world.services();
    assert_eq!(names(&services), ["legacy", "orders", "receipts", "spare/orders", "storefront"]);
    let storefront = services.get("storefront").unwrap();
    assert_eq!(storefront.log_groups, ["/ecs/checkout", "/edge/access"], "added, once");
    assert_eq!(services.of_alarm("disk").next().unwrap().service.name, "storefront");
    let depends: Vec<_> = storefront.depends_on.iter().map(|on| (on.name.as_str(), on.kind)).collect();
    let want = [("orders-db", DependencyKind::Database), ("stripe", DependencyKind::Other)];
    assert_eq!(depends, want, "the X-Ray name was corrected, so its old edge is gone");
    let owners: Vec<_> =
        services.of_alarm("orders-db-connections").map(|owner| owner.service.name.as_str()).collect();
    assert_eq!(owners, ["orders", "storefront"]);
    assert_eq!(services.get("receipts").unwrap().alias.as_deref(), Some("beta"));
    assert_eq!(services.get("legacy").unwrap().kind, Kind::Configured);
}

#[test]
fn a_balancer_of_its_own_brings_its_errors() {
    let mut world = World::new();
    world.inventory.target_groups[2].load_balancers = vec![LB.replace("web", "orders")];
    let services = world.services();
    assert_eq!(services.get("orders").unwrap().own_balancer.as_deref(), Some("app/orders/50dc"));
    assert_eq!(
        services.of_alarm("balancer-5xx").next().map(|owner| owner.service.name.as_str()),
        Some("checkout")
    );
}

#[test]
fn nothing_found_is_no_service() {
    let target = TargetId::new("prod");
    let found = Found {
        target: &target,
        ecs: &[],
        inventory: None,
        graph: &[],
        log_groups: &[],
        alarms: &[],
        config: &[],
    };
    assert!(merge(&found).list().is_empty());
}
