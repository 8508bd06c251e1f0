//! AWS's names in plain words: finding types and keys of documents. Pure; unknown ones are taken apart
//! by their spelling, so that nothing is ever without words.

/// What the purpose of a finding means (GuardDuty user guide, "finding format").
const PURPOSES: &[(&str, &str)] = &[
    ("AttackSequence", "attack sequence"),
    ("Backdoor", "backdoor"),
    ("Behavior", "unusual behaviour"),
    ("CredentialAccess", "access to credentials"),
    ("CryptoCurrency", "cryptocurrency mining"),
    ("DefenseEvasion", "evasion of defences"),
    ("Discovery", "discovery"),
    ("Execution", "execution of unwanted code"),
    ("Exfiltration", "data leaving"),
    ("Impact", "tampering or destruction"),
    ("InitialAccess", "a first way in"),
    ("Object", "malicious object"),
    ("PenTest", "penetration-testing tool"),
    ("Persistence", "digging in"),
    ("Policy", "unsafe practice"),
    ("PrivilegeEscalation", "more rights than given"),
    ("Recon", "reconnaissance"),
    ("Stealth", "hiding of tracks"),
    ("Trojan", "trojan"),
    ("UnauthorizedAccess", "unauthorized access"),
];

/// What the resource part of a type means.
const RESOURCES: &[(&str, &str)] = &[
    ("Container", "container"),
    ("EC2", "EC2 instance"),
    ("ECS", "ECS cluster"),
    ("EKS", "EKS cluster"),
    ("IAM", "IAM identity"),
    ("IAMUser", "IAM identity"),
    ("Kubernetes", "Kubernetes"),
    ("Lambda", "Lambda function"),
    ("Object", "object"),
    ("RDS", "database"),
    ("Runtime", "running process"),
    ("S3", "S3 bucket"),
    ("EBS", "EBS volume"),
];

/// Words that are written in capitals.
const CAPITALS: &[&str] = &[
    "acl", "ami", "api", "arn", "asn", "aws", "bgp", "cidr", "cpu", "dga", "dns", "dos", "ebs", "ec2", "ecs",
    "eks", "eni", "guid", "iam", "id", "imds", "ip", "isp", "json", "kms", "md5", "mfa", "os", "pid", "rdp",
    "rds", "s3", "sha1", "sha256", "smb", "ssh", "tcp", "udp", "uid", "uri", "url", "uuid", "vm", "vpc",
];

/// A finding type in words: `unauthorized access · IAM identity: instance credential exfiltration, outside AWS`.
pub(super) fn kind_words(kind: &str) -> String {
    let (purpose, rest) = kind.split_once(':').unwrap_or(("", kind));
    let (resource, threat) = rest.split_once('/').unwrap_or(("", rest));
    let (threat, artifact) = threat.split_once('!').unwrap_or((threat, ""));
    let parts: Vec<String> = threat.split('.').filter(|part| !part.is_empty()).map(mechanism).collect();
    let mut text = [look_up(purpose, PURPOSES), look_up(resource, RESOURCES)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    if !text.is_empty() && !parts.is_empty() {
        text.push_str(": ");
    }
    text.push_str(&parts.join(", "));
    if !artifact.is_empty() {
        text = format!("{text} ({artifact})");
    }
    text
}

/// `Custom`, `B`: a letter alone tells variants of the same threat apart.
fn mechanism(part: &str) -> String {
    if part.len() == 1 { format!("variant {part}") } else { words(part) }
}

fn look_up(name: &str, table: &[(&str, &str)]) -> String {
    let known = table.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| words(name), |(_, words)| (*words).to_owned())
}

/// `remoteIpDetails` -> `remote IP details`, `FLOW_LOGS` -> `flow logs`. Text that is no such name
/// (a tag, an operation with a colon) stays as it is.
pub(super) fn words(name: &str) -> String {
    if name.chars().any(|c| !c.is_alphanumeric() && c != '_' && c != '-') {
        return name.to_owned();
    }
    let chars: Vec<char> = name.chars().collect();
    let screaming = !chars.iter().any(|c| c.is_lowercase());
    let mut words: Vec<String> = vec![String::new()];
    for (at, c) in chars.iter().enumerate() {
        if *c == '_' || *c == '-' {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        // A hump begins a word; in a run of capitals only the one before a small letter does.
        let hump = c.is_uppercase()
            && !screaming
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if hump {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*c);
        }
    }
    let mut out: Vec<String> = Vec::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        let small = word.to_lowercase();
        let shouted = word.chars().count() > 1 && !word.chars().any(char::is_lowercase) && !screaming;
        out.push(if shouted || CAPITALS.contains(&small.as_str()) { small.to_uppercase() } else { small });
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_put_in_words() {
        for (kind, expected) in [
            (
                "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
                "unauthorized access · IAM identity: instance credential exfiltration, outside AWS",
            ),
            (
                "CryptoCurrency:EC2/BitcoinTool.B!DNS",
                "cryptocurrency mining · EC2 instance: bitcoin tool, variant B (DNS)",
            ),
            (
                "AttackSequence:IAM/CompromisedCredentials",
                "attack sequence · IAM identity: compromised credentials",
            ),
            (
                "Policy:S3/BucketAnonymousAccessGranted",
                "unsafe practice · S3 bucket: bucket anonymous access granted",
            ),
            (
                "Execution:Runtime/NewBinaryExecuted",
                "execution of unwanted code · running process: new binary executed",
            ),
            ("Quantum:TimeMachine/ParadoxLoop.C", "quantum · time machine: paradox loop, variant C"),
            ("nonsense", "nonsense"),
            ("", ""),
            (":/", ""),
            ("A:B/C!", "a · b: variant C"),
        ] {
            assert_eq!(kind_words(kind), expected, "{kind}");
        }
    }

    #[test]
    fn keys_are_put_in_words() {
        for (key, expected) in [
            ("ipAddressV4", "IP address V4"),
            ("remoteIpDetails", "remote IP details"),
            ("s3BucketDetails", "S3 bucket details"),
            ("FLOW_LOGS", "flow logs"),
            ("EKS_AUDIT_LOGS", "EKS audit logs"),
            ("APIName", "API name"),
            ("sha256", "SHA256"),
            ("AWS::S3::Bucket", "AWS::S3::Bucket"),
            ("OutsideAWS", "outside AWS"),
            ("kubernetes.io/name", "kubernetes.io/name"),
        ] {
            assert_eq!(words(key), expected, "{key}");
        }
    }
}
