"""ContinueServiceDeployment and StopServiceDeployment as boto3 sends them: what is taken, and each refusal.

A part of check.py: `run` is called with clients and the simulator's time.
"""

import datetime

import botocore.client
from __main__ import Clients, expect, say
from botocore.exceptions import ClientError


def current(ecs: botocore.client.BaseClient, service: str) -> dict:
    arn = ecs.describe_services(cluster="shop", services=[service])["services"][0]["currentServiceDeployment"]
    return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]


def refused(code: str, call, **arguments) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        expect(error.response["Error"]["Code"] == code, f"{code}, not {error}")
        say(f"ecs {call.__name__}", code)
    else:
        expect(False, f"{call.__name__}{arguments} was taken")


def run(clients: Clients, _now: datetime.datetime) -> None:
    ecs = clients("ecs")
    paused = current(ecs, "checkout")
    arn = paused["serviceDeploymentArn"]
    hooks = paused.get("lifecycleHookDetails", [])
    expect([hook["status"] for hook in hooks] == ["SUCCEEDED", "AWAITING_ACTION"], f"hooks {hooks}")
    done, waiting = (hook["hookId"] for hook in hooks)
    refused("InvalidParameterException", ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId=done)
    refused("InvalidParameterException", ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId="nope")
    refused(
        "ServiceDeploymentNotFoundException",
        ecs.continue_service_deployment,
        serviceDeploymentArn=arn + "x",
        hookId=waiting,
        action="ROLLBACK",
    )
    refused("InvalidParameterException", ecs.stop_service_deployment, serviceDeploymentArn=arn, stopType="ABORT")
    # Without an action it goes on, whatever anybody wanted.
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=waiting)
    answered = current(ecs, "checkout")
    expect(answered["status"] == "IN_PROGRESS", answered["status"])
    expect(answered["lifecycleHookDetails"][1]["status"] == "SUCCEEDED", "the hook was answered")
    say("ecs continue_service_deployment", "without an action it continues")
    for _ in range(2):
        ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    say("ecs stop_service_deployment", f"{current(ecs, 'checkout')['status']}, a repeat is harmless")
    ended = ecs.list_service_deployments(cluster="shop", service="orders", status=["SUCCESSFUL"])
    refused(
        "ConflictException",
        ecs.stop_service_deployment,
        serviceDeploymentArn=ended["serviceDeployments"][0]["serviceDeploymentArn"],
        stopType="ROLLBACK",
    )
    ecs.update_service(cluster="shop", service="checkout", forceNewDeployment=True)
    expect(current(ecs, "checkout")["serviceDeploymentArn"] != arn, "another deployment")
    say("ecs update_service", "another deployment is current")
