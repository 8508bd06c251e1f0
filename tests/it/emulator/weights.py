"""Makes, on moto, what divides traffic by weights, and reads the weights back.

usage: weights.py ENDPOINT alias-make|alias-read|rules-make|rules-read REGION
"""

import io
import json
import sys
import zipfile

import boto3


def archive(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as code:
        code.writestr("app.py", text)
    return file.getvalue()


def alias_make(session: boto3.session.Session, endpoint: str) -> None:
    iam = session.client("iam", endpoint_url=endpoint)
    role = iam.create_role(RoleName="receipts", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = session.client("lambda", endpoint_url=endpoint)
    functions.create_function(
        FunctionName="receipts", Runtime="python3.13", Role=role, Handler="app.handler", Code={"ZipFile": archive("1")}
    )
    first = functions.publish_version(FunctionName="receipts")["Version"]
    functions.update_function_code(FunctionName="receipts", ZipFile=archive("2"))
    second = functions.publish_version(FunctionName="receipts")["Version"]
    functions.create_alias(
        FunctionName="receipts",
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.2}},
    )


def alias_read(session: boto3.session.Session, endpoint: str) -> None:
    functions = session.client("lambda", endpoint_url=endpoint)
    alias = functions.get_alias(FunctionName="receipts", Name="live")
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    print(json.dumps({"version": alias["FunctionVersion"], "weights": weights}))


def forward(groups: list[str], weights: tuple[int, ...]) -> dict:
    """A forward action with stickiness."""
    split = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(groups, weights)]
    sticky = {"Enabled": True, "DurationSeconds": 600}
    config = {"TargetGroups": split, "TargetGroupStickinessConfig": sticky}
    return {"Type": "forward", "Order": 1, "ForwardConfig": config}


def rules_make(session: boto3.session.Session, endpoint: str) -> None:
    """A load balancer with a rule that divides 90 to 10 and a default action that divides 300 to 100."""
    ec2 = session.client("ec2", endpoint_url=endpoint)
    elb = session.client("elbv2", endpoint_url=endpoint)
    subnets = ec2.describe_subnets()["Subnets"]
    (balancer,) = elb.create_load_balancer(Name="shop", Subnets=[s["SubnetId"] for s in subnets])["LoadBalancers"]
    names = ("search-blue", "search-green")
    vpc = subnets[0]["VpcId"]
    groups = [
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
        for name in names
    ]
    arn = balancer["LoadBalancerArn"]
    default = [forward(groups, (300, 100))]
    (listener,) = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=default)["Listeners"]
    elb.create_rule(
        ListenerArn=listener["ListenerArn"],
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/search*"]}],
        Actions=[forward(groups, (90, 10))],
    )


def rules_read(session: boto3.session.Session, endpoint: str) -> None:
    elb = session.client("elbv2", endpoint_url=endpoint)
    (balancer,) = elb.describe_load_balancers(Names=["shop"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (rule,) = [it for it in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] if it["Priority"] == "10"]

    def told(actions: list[dict]) -> dict:
        (action,) = actions
        config = action["ForwardConfig"]
        weights = {it["TargetGroupArn"].split("/")[1]: it["Weight"] for it in config["TargetGroups"]}
        return {"weights": weights, "sticky": config["TargetGroupStickinessConfig"].get("DurationSeconds")}

    paths = [path for it in rule["Conditions"] for path in it["Values"]]
    print(json.dumps({"rule": told(rule["Actions"]), "paths": paths, "default": told(listener["DefaultActions"])}))


def main() -> None:
    parts = {"alias-make": alias_make, "alias-read": alias_read, "rules-make": rules_make, "rules-read": rules_read}
    session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name=sys.argv[3])
    parts[sys.argv[2]](session, sys.argv[1])


main()
