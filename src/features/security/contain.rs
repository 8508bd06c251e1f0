//! The commands that would contain what a finding is about: handed over, never run. Pure.
//!
//! Each stops the harm and can be undone: a key is made inactive and not deleted, a bucket closed and not
//! emptied. Names come from AWS and may be hostile: every word of theirs is quoted.

use super::model::{Finding, Resource};
use crate::text::quoted;
use jiff::Timestamp;

/// The lines that would contain it, to be pasted into a shell; `None` when there is no such command.
pub(super) fn command(finding: &Finding, now: Timestamp) -> Option<String> {
    let mut lines: Vec<String> = credentials(finding, now).into_iter().collect();
    for resource in &finding.resources {
        lines.extend(contain(resource, finding));
    }
    lines.dedup();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Takes the power from credentials that were misused.
fn credentials(finding: &Finding, now: Timestamp) -> Option<String> {
    let who = finding.who.as_ref().filter(|who| !who.name.is_empty())?;
    match who.kind.as_str() {
        "IAMUser" if !who.key.is_empty() => Some(format!(
            "aws iam update-access-key --user-name {} --access-key-id {} --status Inactive",
            quoted(&who.name),
            quoted(&who.key)
        )),
        // Temporary credentials cannot be taken back: what was issued before now is denied instead.
        "AssumedRole" | "Role" => {
            let policy = format!(
                "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\
                 \"Condition\":{{\"DateLessThan\":{{\"aws:TokenIssueTime\":\"{}\"}}}}}}]}}",
                now.strftime("%Y-%m-%dT%H:%M:%SZ")
            );
            Some(format!(
                "aws iam put-role-policy --role-name {} --policy-name AWSRevokeOlderSessions --policy-document {}",
                quoted(&who.name),
                quoted(&policy)
            ))
        }
        _ => None,
    }
}

fn contain(resource: &Resource, finding: &Finding) -> Option<String> {
    let id = quoted(&resource.id);
    let region = quoted(&finding.region);
    if resource.id.is_empty() {
        return None;
    }
    Some(match resource.kind.as_str() {
        "S3Bucket" => format!(
            "aws s3api put-public-access-block --bucket {id} --public-access-block-configuration \
             BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
        ),
        "Instance" => isolate(resource, &region)?,
        "Lambda" => format!(
            "aws lambda put-function-concurrency --function-name {id} --reserved-concurrent-executions 0 \
             --region {region}"
        ),
        "ECSTask" => format!(
            "aws ecs stop-task --cluster {} --task {id} --reason {} --region {region}",
            quoted(&resource.within),
            quoted(&format!("GuardDuty finding {}", finding.id))
        ),
        "RDSDBInstance" => format!(
            "aws rds modify-db-instance --db-instance-identifier {id} --no-publicly-accessible --apply-immediately \
             --region {region}"
        ),
        "EBSSnapshot" => format!(
            "aws ec2 modify-snapshot-attribute --snapshot-id {} --attribute createVolumePermission \
             --operation-type remove --group-names all --region {region}",
            quoted(&resource.name)
        ),
        "EC2Image" => {
            format!("aws ec2 disable-image --image-id {} --region {region}", quoted(&resource.name))
        }
        kind => return workload(kind.strip_prefix("Kubernetes ")?, resource),
    })
}

/// A security group without any rule, and the instance moved into it. Connections that are open stay so until
/// they time out.
fn isolate(instance: &Resource, region: &str) -> Option<String> {
    let id = quoted(&instance.id);
    if !instance.within.starts_with("vpc-") {
        return None;
    }
    let name = quoted(&format!("quarantine-{}", instance.id));
    let vpc = quoted(&instance.within);
    Some(format!(
        "group=$(aws ec2 create-security-group --group-name {name} --description 'no way in, no way out' \
         --vpc-id {vpc} --query GroupId --output text --region {region}) &&\n\
         aws ec2 revoke-security-group-egress --group-id \"$group\" \
         --ip-permissions 'IpProtocol=-1,IpRanges=[{{CidrIp=0.0.0.0/0}}]' --region {region} &&\n\
         aws ec2 modify-instance-attribute --instance-id {id} --groups \"$group\" --region {region}"
    ))
}

fn workload(kind: &str, resource: &Resource) -> Option<String> {
    let (namespace, name) = (quoted(&resource.within), quoted(&resource.id));
    match kind {
        "pods" => Some(format!("kubectl --namespace {namespace} delete pod {name}")),
        "deployments" | "statefulsets" | "replicasets" => {
            Some(format!("kubectl --namespace {namespace} scale {kind} {name} --replicas=0"))
        }
        _ => None,
    }
}
