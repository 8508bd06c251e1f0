"""CodeDeploy as boto3 reads and stops it: lists, batches, targets, a stop with its rollback, each refusal.

A part of check.py: `run` is called with clients and the simulator's time.
"""

import datetime
import time

from __main__ import Clients, expect, say
from botocore.exceptions import ClientError

APPLICATION, GROUP = "AppECS-shop-checkout", "DgpECS-shop-checkout"


def refused(code: str, call, **arguments) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        expect(error.response["Error"]["Code"] == code, f"{code}, not {error}")
        say(f"codedeploy {call.__name__}", code)
    else:
        expect(False, f"{call.__name__}{arguments} was taken")


def weights(deploy, deployment: str) -> dict:
    ids = deploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    targets = deploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids)["deploymentTargets"]
    sets = targets[0]["ecsTarget"]["taskSetsInfo"]
    return {it["taskSetLabel"]: it["trafficWeight"] for it in sets}


def alias(clients: Clients) -> None:
    """The alias of a function that CodeDeploy moves."""
    deploy, function = clients("codedeploy"), clients("lambda")
    name = {"applicationName": "AppLambda-receipts", "deploymentGroupName": "receipts-live"}
    (moving,) = deploy.list_deployments(**name)["deployments"]
    ids = deploy.list_deployment_targets(deploymentId=moving)["targetIds"]
    (target,) = deploy.batch_get_deployment_targets(deploymentId=moving, targetIds=ids)["deploymentTargets"]
    info = target["lambdaTarget"]["lambdaFunctionInfo"]
    told = function.get_alias(FunctionName="receipts", Name="live")
    weights = told["RoutingConfig"]["AdditionalVersionWeights"]
    expect(weights == {info["targetVersion"]: info["targetVersionWeight"] / 100}, f"{weights} {info}")
    say("codedeploy lambdaTarget", f"{info['currentVersion']} to {info['targetVersion']}, {weights}")
    for application in deploy.list_applications()["applications"]:
        groups = deploy.list_deployment_groups(applicationName=application)["deploymentGroups"]
        deploy.batch_get_deployment_groups(applicationName=application, deploymentGroupNames=groups)
    deploy.batch_get_deployments(deploymentIds=[moving])
    deploy.stop_deployment(deploymentId=moving, autoRollbackEnabled=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and told.get("RoutingConfig"):
        time.sleep(1)
        told = function.get_alias(FunctionName="receipts", Name="live")
    expect(told["FunctionVersion"] == "17" and not told.get("RoutingConfig"), f"{told}")
    say("lambda get_alias", f"{told['FunctionVersion']} alone after the rollback")


def run(clients: Clients, now: datetime.datetime) -> None:
    deploy = clients("codedeploy")
    if "AppLambda-receipts" in deploy.list_applications()["applications"]:
        alias(clients)
        return
    pages = deploy.get_paginator("list_deployments").paginate()
    everything = [found for page in pages for found in page["deployments"]]
    told = deploy.batch_get_deployments(deploymentIds=everything)["deploymentsInfo"]
    expect([it["deploymentId"] for it in told] == everything, "each deployment is told")
    creators = sorted(it["creator"] for it in told)
    say("codedeploy batch_get_deployments", f"{creators}")
    expect(creators == ["CloudFormation", "user", "user"], f"creators {creators}")
    open_ones = deploy.list_deployments(includeOnlyStatuses=["Created", "Queued", "InProgress", "Baking", "Ready"])
    expect(open_ones["deployments"] == everything[:2], "two are open")
    hour = {"start": now - datetime.timedelta(hours=1), "end": now}
    own = deploy.list_deployments(applicationName=APPLICATION, deploymentGroupName=GROUP, createTimeRange=hour)
    (checkout,) = own["deployments"]
    say("codedeploy list_deployments", checkout[:2])

    for application in deploy.list_applications()["applications"]:
        groups = deploy.list_deployment_groups(applicationName=application)["deploymentGroups"]
        infos = deploy.batch_get_deployment_groups(applicationName=application, deploymentGroupNames=groups)
        for info in infos["deploymentGroupsInfo"]:
            name = info["deploymentConfigName"]
            config = deploy.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]
            say("codedeploy get_deployment_config", f"{name} is {config['trafficRoutingConfig']['type']}")
    deploy.get_deployment_group(applicationName=APPLICATION, deploymentGroupName=GROUP)

    before = weights(deploy, checkout)
    expect(before == {"Blue": 60.0, "Green": 40.0}, f"{before}")
    say("codedeploy batch_get_deployment_targets", f"{before}")
    cart = next(it["deploymentId"] for it in told if it["creator"] == "CloudFormation")
    ids = deploy.list_deployment_targets(deploymentId=cart)["targetIds"]
    (target,) = deploy.batch_get_deployment_targets(deploymentId=cart, targetIds=ids)["deploymentTargets"]
    expect(target["deploymentTargetType"] == "CloudFormationTarget", f"{target}")
    service = clients("ecs").describe_services(cluster="shop", services=["checkout"])["services"][0]
    expect(service["deploymentController"]["type"] == "CODE_DEPLOY", "the controller")
    expect([it["status"] for it in service["taskSets"]] == ["PRIMARY", "ACTIVE"], "task sets")
    say("ecs describe_services", f"{len(service['taskSets'])} task sets")

    refused("UnsupportedActionForDeploymentTypeException", deploy.stop_deployment, deploymentId=cart)
    refused("DeploymentDoesNotExistException", deploy.stop_deployment, deploymentId="d-UNKNOWN")
    refused("InvalidDeploymentIdException", deploy.get_deployment, deploymentId="unknown")
    refused("DeploymentGroupNameRequiredException", deploy.list_deployments, applicationName=APPLICATION)
    refused("BatchLimitExceededException", deploy.batch_get_deployments, deploymentIds=[checkout] * 26)
    refused(
        "DeploymentTargetDoesNotExistException",
        deploy.batch_get_deployment_targets,
        deploymentId=checkout,
        targetIds=["nope"],
    )

    answer = deploy.stop_deployment(deploymentId=checkout, autoRollbackEnabled=True)
    say("codedeploy stop_deployment", answer["status"])
    deadline = time.monotonic() + 60
    status, back = None, None
    while time.monotonic() < deadline and status != "Succeeded":
        time.sleep(1)
        stopped = deploy.get_deployment(deploymentId=checkout)["deploymentInfo"]
        back = stopped.get("rollbackInfo", {}).get("rollbackDeploymentId")
        status = back and deploy.get_deployment(deploymentId=back)["deploymentInfo"]["status"]
    expect(stopped["status"] == "Stopped" and stopped["errorInformation"]["code"] == "MANUAL_STOP", f"{stopped}")
    rollback = deploy.get_deployment(deploymentId=back)["deploymentInfo"]
    expect(rollback["creator"] == "codeDeployRollback", f"{rollback}")
    expect(rollback["rollbackInfo"]["rollbackTriggeringDeploymentId"] == checkout, f"{rollback}")
    say("codedeploy rollback", f"{status} {weights(deploy, back)}")
    refused("DeploymentAlreadyCompletedException", deploy.stop_deployment, deploymentId=checkout)
