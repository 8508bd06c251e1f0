"""Asks an emulator for metrics as any AWS program would, and prints what it says.

usage: metric_data.py ENDPOINT START END QUERIES
START and END are Unix seconds, QUERIES is the JSON of MetricDataQueries. Prints {id: [[seconds, value], ..]}.
"""

import datetime
import json
import sys

import boto3


def main() -> None:
    endpoint, start, end, queries = sys.argv[1:]
    session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="eu-west-2")
    cloudwatch = session.client("cloudwatch", endpoint_url=endpoint)
    at = lambda seconds: datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=json.loads(queries), StartTime=at(start), EndTime=at(end), ScanBy="TimestampAscending"
    )
    series = {
        result["Id"]: [[int(time.timestamp()), value] for time, value in zip(result["Timestamps"], result["Values"])]
        for result in answer["MetricDataResults"]
    }
    print(json.dumps(series))


main()
