"""Makes a load balancer on moto whose rule splits traffic 80 to 20, as a canary does.

usage: balancer.py ENDPOINT
"""

import sys

import boto3


def main() -> None:
    session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="eu-west-2")
    ec2 = session.client("ec2", endpoint_url=sys.argv[1])
    elb = session.client("elbv2", endpoint_url=sys.argv[1])
    subnets = ec2.describe_subnets()["Subnets"]
    vpc = subnets[0]["VpcId"]
    (balancer,) = elb.create_load_balancer(Name="shop", Subnets=[s["SubnetId"] for s in subnets])["LoadBalancers"]
    groups = [
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
        for name in ("checkout-blue", "checkout-green")
    ]
    (listener,) = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"]
    split = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(groups, (80, 20))]
    elb.create_rule(
        ListenerArn=listener["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/checkout*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": split}}],
    )


main()
