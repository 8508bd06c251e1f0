"""Metric math as the simulator evaluates it, against the same math done here on raw statistics.

A part of check.py: `run` is called with clients and the simulator's time. Rules are those of the CloudWatch user
guide: a missing point counts as 0 when the other side has one, a division by zero leaves the point out.
"""

import datetime
import json
import math

from __main__ import expect, flat, pages, say
from botocore.exceptions import ClientError

Points = dict[datetime.datetime, float]

SHOP = "SEARCH('{Shop/App,ClusterName,ServiceName} MetricName=\"%s\"', '%s', 60)"


def metric(namespace: str, name: str, **dimensions: str) -> dict:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}


def of_service(name: str, service: str) -> dict:
    return metric("Shop/App", name, ClusterName="shop", ServiceName=service)


class Watch:
    """GetMetricData over one time range."""

    def __init__(self, client, start: datetime.datetime, end: datetime.datetime):
        self.client, self.start, self.end = client, start, end

    def ask(self, queries: list[dict], **more) -> list[dict]:
        answers = pages(
            self.client, "get_metric_data", MetricDataQueries=queries, StartTime=self.start, EndTime=self.end, **more
        )
        return flat(answers, "MetricDataResults")

    def raw(self, what: dict, stat: str, period: int = 60) -> Points:
        (result,) = self.ask([self.stat("raw", what, stat, period)])
        return dict(zip(result["Timestamps"], result["Values"]))

    @staticmethod
    def stat(name: str, what: dict, stat: str, period: int = 60, shown: bool = True) -> dict:
        return {"Id": name, "MetricStat": {"Metric": what, "Stat": stat, "Period": period}, "ReturnData": shown}

    def minutes(self) -> list[datetime.datetime]:
        count = int((self.end - self.start).total_seconds()) // 60
        return [self.start + datetime.timedelta(minutes=minute) for minute in range(count)]


def both(left: Points, right: Points, join) -> Points:
    """Joins what either has; the other counts as 0. What has no value is left out."""
    found = {}
    for at in left.keys() | right.keys():
        try:
            found[at] = join(left.get(at, 0.0), right.get(at, 0.0))
        except ZeroDivisionError:
            pass
    return found


def each(points: Points, change) -> Points:
    return {at: change(value) for at, value in points.items()}


def changes(points: Points) -> Points:
    times = sorted(points)
    return {
        at: (points[at] - points[before]) / (at - before).total_seconds() for before, at in zip(times, times[1:])
    }


def added_up(points: Points) -> Points:
    found, total = {}, 0.0
    for at in sorted(points):
        total += points[at]
        found[at] = total
    return found


def column(lines: list[Points], join) -> Points:
    times = set().union(*lines)
    return {at: join([line[at] for line in lines if at in line]) for at in times}


def deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def same(name: str, found: Points, wanted: Points) -> None:
    close = found.keys() == wanted.keys() and all(
        math.isclose(found[at], wanted[at], rel_tol=1e-9, abs_tol=1e-9) for at in wanted
    )
    if not close:
        wrong = [at for at in sorted(found.keys() | wanted.keys()) if found.get(at) != wanted.get(at)][:3]
        shown = [(at.isoformat(), found.get(at), wanted.get(at)) for at in wrong]
        expect(False, f"{name}: {len(found)} points, {len(wanted)} wanted, first differences {shown}")


def expressions(watch: Watch) -> None:
    lost = metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", LoadBalancer="app/shop-web/50dc6c495c0c9188")
    inputs = {
        "r": (of_service("Requests", "checkout"), "Sum"),
        "o": (of_service("Requests", "orders"), "Sum"),
        "c": (of_service("Requests", "cart"), "Sum"),
        "f": (of_service("Faults", "checkout"), "Sum"),
        "slow": (of_service("Latency", "checkout"), "p99"),
        "lost": (lost, "Sum"),
    }
    raw = {name: watch.raw(*what) for name, what in inputs.items()}
    expect(len(raw["r"]) == len(watch.minutes()), f"every minute has requests: {len(raw['r'])}")
    expect(0 < len(raw["lost"]) < 20, f"lost requests are sparse: {len(raw['lost'])}")
    r, o, c, f, slow = (raw[name] for name in ["r", "o", "c", "f", "slow"])
    lost = raw["lost"]
    mean = sum(r.values()) / len(r)
    top = max(slow.values())
    wanted = {
        "100 * f / r": both(each(f, lambda v: 100 * v), r, lambda a, b: a / b),
        "lost / f": both(lost, f, lambda a, b: a / b),
        "r + lost": both(r, lost, lambda a, b: a + b),
        "FILL(lost, 0)": {at: lost.get(at, 0.0) for at in watch.minutes()},
        "SUM([r, o, c])": column([r, o, c], sum),
        "AVG([r, lost])": each(column([r, lost], sum), lambda v: v / 2),
        "STDDEV([r, o, c])": column([r, o, c], deviation),
        "MAX(METRICS())": column(list(raw.values()), max),
        "IF(f > 5, r, 0)": {at: r[at] if f[at] > 5 else 0.0 for at in f},
        "IF(slow > 500, slow)": {at: value for at, value in slow.items() if value > 500},
        "(f > 5) AND (lost > 0)": both(f, lost, lambda a, b: float(a > 5 and b > 0)),
        "r - AVG(r)": each(r, lambda v: v - mean),
        "TIME_SERIES(MAX(slow))": {at: top for at in watch.minutes()},
        "RATE(r)": changes(r),
        "RUNNING_SUM(lost) / PERIOD(r)": each(added_up(lost), lambda v: v / 60),
        "DATAPOINT_COUNT([r, lost])": column([r, lost], lambda values: float(len(values))),
        "LOG10(r) ^ 2": each(r, lambda v: math.log10(v) ** 2),
        "MINUTE(r)": {at: float(at.minute) for at in watch.minutes()},
        f"SUM({SHOP % ('Requests', 'Sum')})": column([r, o, c], sum),
    }
    queries = [watch.stat(name, *what, shown=False) for name, what in inputs.items()]
    for index, expression in enumerate(wanted):
        queries.append({"Id": f"e{index}", "Expression": expression})
    found = {result["Id"]: dict(zip(result["Timestamps"], result["Values"])) for result in watch.ask(queries)}
    for index, (expression, points) in enumerate(wanted.items()):
        same(expression, found[f"e{index}"], points)
    say("cloudwatch get_metric_data", f"{len(wanted)} expressions, {sum(map(len, found.values()))} values compared")


def arrays(watch: Watch) -> None:
    services = ["checkout", "orders", "cart"]
    raw = {name: watch.raw(of_service("Latency", name), "p99") for name in services}
    queries = [
        {"Id": "s", "Expression": SHOP % ("Latency", "p99"), "Label": "${PROP('Dim.ServiceName')}"},
        {"Id": "top", "Expression": "SORT(s, MAX, DESC, 2)"},
        {"Id": "rest", "Expression": "SLICE(SORT(s, MAX, DESC), 2)"},
        {"Id": "slowest", "Expression": "FIRST(SORT(s, MAX, DESC))"},
    ]
    results = watch.ask(queries)
    of = {name: [r for r in results if r["Id"] == name] for name in ["s", "top", "rest", "slowest"]}
    expect(sorted(r["Label"] for r in of["s"]) == sorted(services), "a search finds the services")
    for result in of["s"]:
        same(result["Label"], dict(zip(result["Timestamps"], result["Values"])), raw[result["Label"]])
    order = sorted(services, key=lambda name: -max(raw[name].values()))
    for result, name in zip(of["top"] + of["rest"] + of["slowest"], [*order, order[0]], strict=True):
        same(f"sorted {name}", dict(zip(result["Timestamps"], result["Values"])), raw[name])
    say("cloudwatch get_metric_data", f"sorted {' '.join(order)}")

    sql = "SELECT SUM(Requests) FROM SCHEMA(\"Shop/App\", ClusterName, ServiceName) %s"
    grouped = watch.ask([{"Id": "q", "Period": 300, "Expression": sql % "GROUP BY ServiceName ORDER BY SUM() DESC"}])
    fives = {name: watch.raw(of_service("Requests", name), "Sum", 300) for name in services}
    expect([r["Label"] for r in grouped] == ["checkout", "cart", "orders"], "SQL groups and sorts")
    for result in grouped:
        same(f"SQL {result['Label']}", dict(zip(result["Timestamps"], result["Values"])), fives[result["Label"]])
    (whole,) = watch.ask([{"Id": "q", "Period": 300, "Expression": sql % "WHERE ServiceName != 'cart'"}])
    wanted = column([fives["checkout"], fives["orders"]], sum)
    same("SQL where", dict(zip(whole["Timestamps"], whole["Values"])), wanted)
    minutes = watch.raw(of_service("Requests", "checkout"), "Sum")
    sums: Points = {}
    for at, value in minutes.items():
        five = at - datetime.timedelta(minutes=at.minute % 5)
        sums[five] = sums.get(five, 0.0) + value
    same("five minutes", fives["checkout"], sums)


def paging(watch: Watch) -> None:
    queries = [
        watch.stat("a", of_service("Requests", "checkout"), "Sum"),
        {"Id": "b", "Expression": SHOP % ("Requests", "Sum")},
        watch.stat("none", metric("AWS/Nope", "Nope"), "Sum"),
    ]
    whole = watch.ask(queries, ScanBy="TimestampAscending")
    parts = watch.ask(queries, ScanBy="TimestampAscending", MaxDatapoints=100)
    joined: dict[tuple, tuple[list, list]] = {}
    for part in parts:
        times, values = joined.setdefault((part["Id"], part["Label"]), ([], []))
        times += part["Timestamps"]
        values += part["Values"]
    expect(len(parts) > len(whole), f"points are paged: {len(parts)} parts")
    for result in whole:
        times, values = joined[result["Id"], result["Label"]]
        expect(times == result["Timestamps"] and values == result["Values"], f"{result['Label']} came whole")
        expect(times == sorted(times), "the oldest point comes first when asked for")
        expect(result["StatusCode"] == "Complete", result["StatusCode"])
    say("cloudwatch get_metric_data", f"{len(whole)} results in {len(parts)} parts")


def refusals(watch: Watch) -> None:
    stat = watch.stat("m", of_service("Requests", "checkout"), "Sum")
    for queries, word in [
        ([{"Id": "e", "Expression": "NOPE(m)"}, stat], "NOPE"),
        ([{"Id": "e", "Expression": "m +"}, stat], "too early"),
        ([{"Id": "e", "Expression": "AVG(m)"}, stat], "time series"),
        ([{"Id": "E", "Expression": "m"}, stat], "lower-case"),
        ([{"Id": "e", "Expression": "other"}, stat], "other is not defined"),
        ([watch.stat("m", of_service("Requests", "checkout"), "Median")], "Median"),
        ([watch.stat("m", of_service("Requests", "checkout"), "Sum", 90)], "multiple of 60"),
    ]:
        try:
            watch.ask(queries)
            expect(False, f"{queries} was refused")
        except ClientError as error:
            said = error.response["Error"]
            expect(said["Code"] == "ValidationError" and word in said["Message"], f"{word}: {said}")


def dashboards(watch: Watch) -> None:
    entries = flat(pages(watch.client, "list_dashboards"), "DashboardEntries")
    widgets = 0
    for entry in entries:
        answer = watch.client.get_dashboard(DashboardName=entry["DashboardName"])
        expect(entry["Size"] == len(answer["DashboardBody"].encode()), "the size is that of the body")
        widgets += len(json.loads(answer["DashboardBody"])["widgets"])
    say("cloudwatch get_dashboard", f"{len(entries)} dashboards, {widgets} widgets")
    try:
        watch.client.get_dashboard(DashboardName="nope")
        expect(False, "an unknown dashboard is refused")
    except ClientError as error:
        said = error.response
        expect(said["Error"]["Code"] == "ResourceNotFound", str(said["Error"]))
        expect(said["ResponseMetadata"]["HTTPStatusCode"] == 404, "an unknown dashboard is a 404")


def run(clients, now: datetime.datetime) -> None:
    end = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0) - datetime.timedelta(minutes=5)
    watch = Watch(clients("cloudwatch"), end - datetime.timedelta(hours=3), end)
    for part in [expressions, arrays, paging, refusals, dashboards]:
        part(watch)
