"""Weights of listener rules: what boto3 writes is what it reads, and what AWS refuses is refused.

A part of check.py: `run` is called with clients and the simulator's time.
"""

import datetime

from __main__ import expect, say
from botocore.exceptions import ClientError


def told(actions: list[dict]) -> str:
    config = actions[-1]["ForwardConfig"]
    weights = ", ".join(f"{it['TargetGroupArn'].split('/')[1]} {it['Weight']}" for it in config["TargetGroups"])
    sticky = config["TargetGroupStickinessConfig"]
    return f"{weights}{', sticky' if sticky['Enabled'] else ''}"


def refusal(call, **arguments) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "nothing"


def run(clients, now: datetime.datetime) -> None:
    elb = clients("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=["shop-web"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = {it["Priority"]: it for it in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]}
    for priority, rule in rules.items():
        if "ForwardConfig" in rule["Actions"][-1]:
            say(f"elbv2 describe_rules {priority}", told(rule["Actions"]))
    tags = elb.describe_tags(ResourceArns=[rules["40"]["RuleArn"], rules["10"]["RuleArn"]])["TagDescriptions"]
    say("elbv2 describe_tags", " ".join(f"{tag['Key']}={tag['Value']}" for it in tags for tag in it["Tags"]))

    rule = rules["30"] if "30" in rules else rules["20"]
    arn, actions = rule["RuleArn"], rule["Actions"]
    login, forward = actions
    # The secret is told to nobody, so what was read cannot be written as it is.
    expect("ClientSecret" not in login["AuthenticateOidcConfig"], "no secret is told")
    say("elbv2 modify_rule without a secret", refusal(elb.modify_rule, RuleArn=arn, Actions=actions))
    login["AuthenticateOidcConfig"]["UseExistingClientSecret"] = True
    groups = forward["ForwardConfig"]["TargetGroups"]
    groups[0]["Weight"], groups[1]["Weight"] = 1000, 0
    say("elbv2 modify_rule over 999", refusal(elb.modify_rule, RuleArn=arn, Actions=actions))
    groups[0]["Weight"] = 70
    (written,) = elb.modify_rule(RuleArn=arn, Actions=actions)["Rules"]
    say("elbv2 modify_rule", told(written["Actions"]))
    (read,) = elb.describe_rules(RuleArns=[arn])["Rules"]
    expect(read == written, "what is read is what was written")
    expect(read["Conditions"] == rule["Conditions"], "the conditions stay")
    # The list is replaced whole: without stickiness there is none.
    plain = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    (written,) = elb.modify_rule(RuleArn=arn, Actions=[plain])["Rules"]
    expect(len(written["Actions"]) == 1, "the login is gone")
    say("elbv2 modify_rule whole", told(written["Actions"]))

    unknown = [{"Type": "forward", "TargetGroupArn": groups[0]["TargetGroupArn"] + "0"}]
    say("elbv2 modify_rule unknown group", refusal(elb.modify_rule, RuleArn=arn, Actions=unknown))
    say("elbv2 modify_rule unknown rule", refusal(elb.modify_rule, RuleArn=arn + "0", Actions=[plain]))
    default = rules["default"]["RuleArn"]
    say("elbv2 modify_rule default", refusal(elb.modify_rule, RuleArn=default, Actions=[plain]))
    (changed,) = elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[plain])["Listeners"]
    say("elbv2 modify_listener", told(changed["DefaultActions"]))
    (rule,) = [it for it in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] if it["IsDefault"]]
    expect(rule["Actions"] == changed["DefaultActions"], "the default rule is the listener's default action")
