"""deploy/ holds together: what can be known without a container engine and without a cluster.

Everything is parsed and rendered here, and the probe of model servers is run against real HTTP servers. Not shown: that
images build, that a cluster takes the manifests, that vLLM and Ray take their values.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from bot.answering.rungs import exits
from bot.answering.spec import parse
from bot.answering.vlm.server import ModelServer
from bot.settings import PREFIX, Settings
from bot.telemetry import Metrics
from handlers.cli.run import Role
from handlers.web.conversations import router as conversations
from handlers.web.counting import Counting
from handlers.web.health import health

HOUSE = Path(__file__).parent.parent
DEPLOY = HOUSE / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
PROGRESS = KUBERNETES / "progress" / "progress.py"
WITH_MODEL = ("bot-with-vllm", "bot-with-ray")
TEXTS = [
    path
    for path in sorted(DEPLOY.rglob("*"))
    if path.is_file() and path.suffix in {"", ".yaml", ".json", ".md", ".py", ".dockerignore"}
]
ENGINES = {
    f"{prefix}{name}"
    for prefix in ("vllm:", "ray_vllm_")
    for name in ("num_requests_running", "num_requests_waiting", "generation_tokens_total")
}
"""Metrics of other houses, by vLLM's and Ray's documentation."""
Manifest = dict[str, Any]


def documents(path: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def render(folder: Path) -> list[Manifest]:
    """What `kubectl kustomize` makes of the folder, of the parts of kustomize that are used here, without hashes."""
    (plan,) = documents(folder / "kustomization.yaml")
    known = {"apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator", "configurations"}
    assert plan.keys() <= known, f"{folder}: rendered here without {plan.keys() - known}"
    found: list[Manifest] = []
    for resource in plan.get("resources", ()):
        path = folder / resource
        found += render(path) if path.is_dir() else documents(path)
    for config in plan.get("configMapGenerator", ()):
        files = (entry.rpartition("=")[::2] for entry in config.get("files", ()))
        data = {key or file: (folder / file).read_text() for key, _, file in ((k, "", f) for k, f in files)}
        data |= dict(entry.split("=", 1) for entry in config.get("literals", ()))
        same = [one for one in found if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", config["name"])]
        assert bool(same) == (config.get("behavior") == "merge"), f"{folder}: ConfigMap {config['name']}"
        if same:
            same[0]["data"] |= data
        else:
            found.append({"kind": "ConfigMap", "metadata": {"name": config["name"]}, "data": data})
    images = {one["name"]: f"{one['newName']}:{one['newTag']}" for one in plan.get("images", ())}
    for container in (each for pod in pods(found) for each in pod["spec"]["containers"]):
        container["image"] = images.get(container["image"], container["image"])
    return found


def pods(manifests: list[Manifest]) -> Iterator[Manifest]:
    """The templates of pods, Ray's included."""
    for one in manifests:
        if one["kind"] == "Deployment":
            yield one["spec"]["template"]
        elif one["kind"] == "RayService":
            cluster = one["spec"]["rayClusterConfig"]
            yield cluster["headGroupSpec"]["template"]
            yield from (group["template"] for group in cluster["workerGroupSpecs"])


def of(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == kind}


def settings_of(manifests: list[Manifest]) -> dict[str, str]:
    return dict(of(manifests, "ConfigMap")["helplens"]["data"])


def fits(selector: Mapping[str, str], template: Manifest) -> bool:
    return selector.items() <= template["metadata"]["labels"].items()


@pytest.mark.parametrize("folder", ["bot", "vllm", "ray", *WITH_MODEL])
def test_names_labels_and_ports_agree(folder: str) -> None:
    manifests = render(KUBERNETES / folder)
    names = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(set(names)) == len(names)
    templates = list(pods(manifests))
    assert templates
    for deployment in of(manifests, "Deployment").values():
        assert fits(deployment["spec"]["selector"]["matchLabels"], deployment["spec"]["template"])
    for service in of(manifests, "Service").values():
        (behind,) = (each for each in templates if fits(service["spec"]["selector"], each))
        ports = {port["name"] for each in behind["spec"]["containers"] for port in each["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in of(manifests, "PodDisruptionBudget").values():
        assert sum(fits(budget["spec"]["selector"]["matchLabels"], each) for each in templates) == 1
    for policy in of(manifests, "NetworkPolicy").values():
        assert any(fits(policy["spec"]["podSelector"]["matchLabels"], each) for each in templates)
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for scaler in of(manifests, kind).values():
            target = scaler["spec"]["scaleTargetRef"]
            assert (target["kind"], target["name"]) in names
            assert "replicas" not in of(manifests, "Deployment")[target["name"]]["spec"]


@pytest.mark.parametrize("folder", ["bot", "vllm", "ray", *WITH_MODEL])
def test_what_pods_name_is_there(folder: str) -> None:
    manifests = render(KUBERNETES / folder)
    configs, claims = of(manifests, "ConfigMap"), of(manifests, "PersistentVolumeClaim")
    for template in pods(manifests):
        spec = template["spec"]
        volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
        for volume in volumes.values():
            assert volume.get("configMap", {"name": "helplens"})["name"] in {*configs, "helplens"}
            assert volume.get("persistentVolumeClaim", {"claimName": None})["claimName"] in {*claims, None}
        mounted = {mount["name"] for each in spec["containers"] for mount in each.get("volumeMounts", ())}
        assert mounted == volumes.keys()
        for source in (source for each in spec["containers"] for source in each.get("envFrom", ())):
            # The Secret is the owner's: docs/operations.md says what it holds.
            assert source.get("configMapRef", {"name": "helplens"})["name"] in configs
            assert source.get("secretRef", {"name": "helplens"})["name"] == "helplens"


def images() -> Iterator[str]:
    for folder in WITH_MODEL:
        yield from (each["image"] for pod in pods(render(KUBERNETES / folder)) for each in pod["spec"]["containers"])
    (compose,) = documents(DEPLOY / "compose.yaml")
    yield from (service["image"] for service in compose["services"].values())
    yield from re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)


def test_images_are_pinned() -> None:
    found = set(images())
    assert len(found) >= 7
    assert not [image for image in found if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*", image)]


def test_every_setting_named_exists() -> None:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    named: set[str] = set()
    for path in [*TEXTS, HOUSE / "docs" / "operations.md"]:
        found = set(re.findall(r"HELPLENS_[A-Z_]+", path.read_text()))
        assert found <= known, f"{path}: {found - known}"
        named |= found
    assert len(named) >= 10


@pytest.mark.parametrize("folder", ["bot", *WITH_MODEL])
def test_settings_are_taken(folder: str) -> None:
    given = {name.removeprefix(PREFIX).lower(): text for name, text in settings_of(render(KUBERNETES / folder)).items()}
    settings = Settings(**given)  # type: ignore[arg-type]
    assert settings.models[-1] == "extractive"
    assert settings.storage_url.startswith("s3://")
    assert not settings.text_to_models


def values(folder: str, manifests: list[Manifest]) -> tuple[str, int, str]:
    """The model's name, how many it answers at once, and `host:port` where it does."""
    if folder == "bot-with-vllm":
        config = yaml.safe_load(of(manifests, "ConfigMap")["vllm"]["data"]["config.yaml"])
        (port,) = of(manifests, "Service")["vllm"]["spec"]["ports"]
        assert config["port"] == port["port"]
        return config["served-model-name"], config["max-num-seqs"], f"vllm:{port['port']}"
    (service,) = of(manifests, "RayService").values()
    (app,) = yaml.safe_load(service["spec"]["serveConfigV2"])["applications"]
    (model,) = app["args"]["llm_configs"]
    # KubeRay's own name and port for what serves.
    address = f"{service['metadata']['name']}-serve-svc:8000"
    return model["model_loading_config"]["model_id"], model["engine_kwargs"]["max_num_seqs"], address


@pytest.mark.parametrize("folder", WITH_MODEL)
def test_the_bot_asks_for_the_model_that_is_served(folder: str) -> None:
    manifests = render(KUBERNETES / folder)
    served, rows, address = values(folder, manifests)
    given = settings_of(manifests)
    rung, *_ = given["HELPLENS_MODELS"].split(",")
    spec = parse(rung)
    assert (spec.model, spec.url, spec.calls, spec.grid) == (served, f"http://{address}/v1", rows, 32)
    (leads,) = exits([rung], own_hosts=given["HELPLENS_OWN_HOSTS"].split(","))
    assert leads.ours


def test_from_vllm_alone_to_ray_only_the_address_changes() -> None:
    alone, ray = (settings_of(render(KUBERNETES / folder)) for folder in WITH_MODEL)
    host = alone["HELPLENS_OWN_HOSTS"]
    assert {name: text.replace(f"//{host}:", f"//{ray['HELPLENS_OWN_HOSTS']}:") for name, text in alone.items()} == {
        **ray,
        "HELPLENS_OWN_HOSTS": host,
    }


def test_both_cards_serve_the_same_name_and_scale_by_requests() -> None:
    small, big = (documents(KUBERNETES / "vllm" / f"{name}-card.yaml")[0] for name in ("small", "big"))
    assert small.keys() == big.keys()
    assert small["served-model-name"] == big["served-model-name"]
    queries = [one["metadata"] for one in documents(KUBERNETES / "vllm" / "scale.yaml")[0]["spec"]["triggers"]]
    assert {name for each in queries for name in metrics_in(each["query"])} == {
        "vllm:num_requests_waiting",
        "vllm:num_requests_running",
    }
    assert all(f'model_name="{small["served-model-name"]}"' in each["query"] for each in queries)
    assert max(float(each["threshold"]) for each in queries) < small["max-num-seqs"]


def probes(container: Manifest) -> dict[str, Manifest]:
    return {name: container[name] for name in ("startupProbe", "readinessProbe", "livenessProbe") if name in container}


@pytest.mark.parametrize("folder", WITH_MODEL)
def test_models_are_asked_for_progress_and_never_for_health(folder: str) -> None:
    cards = [
        each
        for pod in pods(render(KUBERNETES / folder))
        for each in pod["spec"]["containers"]
        if "nvidia.com/gpu" in each["resources"].get("limits", {})
    ]
    assert len(cards) == 1
    found = probes(cards[0])
    assert "livenessProbe" in found
    ports = {port["containerPort"] for port in cards[0]["ports"]}
    memories = []
    for probe in found.values():
        python, script, *flags = probe["exec"]["command"]
        assert (python, script) == ("python3", "/probe/progress.py")
        options = dict(zip(flags[::2], flags[1::2], strict=True))
        assert {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", " ".join(flags))} <= ports
        waits = 3 if "--ask" in options else 1
        assert probe["timeoutSeconds"] > waits * 4
        memories.append(options["--memory"])
    assert len(set(memories)) == len(memories)


def test_compose_asks_its_model_for_progress() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    model = compose["services"]["model"]
    assert model["healthcheck"]["test"][1:3] == ["python3", "/probe/progress.py"]
    for volume in model["volumes"]:
        source = volume.split(":")[0]
        assert (DEPLOY / source).is_file() if source.startswith(".") else source in compose["volumes"]


def test_no_probe_is_a_plain_health_code_of_the_model() -> None:
    for path in TEXTS:
        if path.suffix == ".yaml":
            assert "path: /health}" not in path.read_text()
            assert not re.search(r"(httpGet|curl|wget|http)\S* .*:8000/health", path.read_text()), path


def test_the_bot_is_probed_where_it_answers() -> None:
    routes = {route.path for route in health(CollectorRegistry()).routes}  # type: ignore[attr-defined]
    deployment = of(render(KUBERNETES / "bot"), "Deployment")["web"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    asked = {probe["httpGet"]["path"] for probe in probes(container).values()}
    assert asked == {"/healthz", "/readyz"} <= routes
    (worker,) = of(render(KUBERNETES / "bot"), "Deployment")["worker"]["spec"]["template"]["spec"]["containers"]
    assert not probes(worker)
    assert {container["args"][1], worker["args"][1]} == set(Role)


def test_dockerfile() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    stage = text.split("\nFROM ")[-1]
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in sources.replace("${ARTICLES}", "examples/helpcenter").split():
            assert (HOUSE / source).exists(), source
    assert re.findall(r"^USER (.+)$", stage, re.MULTILINE) == ["10001"]
    assert stage.index("USER 10001") < stage.index("ENTRYPOINT") and "/readyz" in stage
    variables = dict(re.findall(r"([A-Z_]+)=(\S+)", " ".join(re.findall(r"^ENV (.+)$", stage, re.MULTILINE))))
    # With a root that cannot be written, all that is written must lie under the volume.
    assert variables["XDG_CACHE_HOME"].startswith(variables["HELPLENS_DATA"]) and "VOLUME /data" in stage
    assert variables["ORT_DISABLE_TELEMETRY"] == "1"
    assert variables["HELPLENS_HOST"] == "0.0.0.0"
    port = variables["HELPLENS_PORT"]
    assert f"EXPOSE {port}\n" in stage and f"127.0.0.1:{port}/readyz" in stage
    (compose,) = documents(DEPLOY / "compose.yaml")
    assert compose["services"]["web"]["ports"][0].endswith(f":{port}")
    (container,) = of(render(KUBERNETES / "bot"), "Deployment")["web"]["spec"]["template"]["spec"]["containers"]
    assert [one["containerPort"] for one in container["ports"]] == [int(port)]
    user = of(render(KUBERNETES / "bot"), "Deployment")["web"]["spec"]["template"]["spec"]["securityContext"]
    assert user["runAsNonRoot"] and user["runAsUser"] == 10001


def test_compose_keeps_every_conversation() -> None:
    (compose,) = documents(DEPLOY / "compose.yaml")
    command = compose["services"]["valkey"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert (options["--maxmemory-policy"], options["--appendonly"]) == ("noeviction", "yes")
    for name in ("web", "worker"):
        service = compose["services"][name]
        assert service["command"] == ["serve", name]
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert service["environment"]["HELPLENS_REDIS_URL"] == "redis://valkey:6379/0"
        assert "data:/data" in service["volumes"] and service["read_only"]
        assert all(volume.split(":")[0] in compose["volumes"] for volume in service["volumes"])


def metrics_in(query: str) -> set[str]:
    """The names of metrics in a query of Prometheus."""
    bare = re.sub(r"\{[^}]*(\{[^}]*\}[^}]*)*\}|\[\w+\]|\b(by|on) \([^)]*\)", " ", query)
    return {name for name in re.findall(r"[a-z_][\w:]*", bare) if "_" in name and name not in FUNCTIONS}


FUNCTIONS = {"histogram_quantile", "avg_over_time"}


def counted() -> set[str]:
    """The names under which this house counts, as Prometheus sees them."""
    registry = CollectorRegistry()

    class Nothing:
        total = staticmethod(lambda: 0)
        open = running = tokens = prompt_tokens = prefix_tokens = bytes = made = 0
        well = True
        schedule: Any = None

    Nothing.schedule = Nothing.encodings = Nothing.prefixes = Nothing  # type: ignore[attr-defined]
    Counting(web.Application(), registry=registry, seats=Nothing())  # type: ignore[arg-type]
    found: set[str] = set()
    for each in (registry, Metrics().registry, ModelServer(Nothing(), "model").registry):  # type: ignore[arg-type]
        for family in each.collect():
            endings = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}[family.type]
            found |= {family.name + ending for ending in endings}
    return found


def test_the_docs_name_every_metric_and_no_other() -> None:
    text = (HOUSE / "docs" / "operations.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("| `helplens_")]
    named = {name for line in table for name in re.findall(r"`(helplens_\w+)`", line.split("|")[1])}
    histograms = {name.removesuffix("_bucket") for name in counted() if name.endswith("_bucket")}
    plain = {name for name in counted() if not any(name.startswith(each + "_") for each in histograms)}
    assert named == plain | histograms


def test_alerts_and_dashboard_name_metrics_that_are_counted() -> None:
    (rules,) = documents(DEPLOY / "monitoring" / "alerts.yaml")
    rows = [rule for group in rules["groups"] for rule in group["rules"]]
    known = counted() | ENGINES | {row["record"] for row in rows if "record" in row}
    dashboard = json.loads((DEPLOY / "monitoring" / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for query in [*queries, *(row["expr"] for row in rows)]:
        named = metrics_in(query)
        assert named and named <= known, f"{query}: {named - known}"
        assert query.count("(") == query.count(")")
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_alerts_name_routes_as_they_are_counted() -> None:
    named = set(re.findall(r'route!?="([^"]+)"', (DEPLOY / "monitoring" / "alerts.yaml").read_text()))
    routes = [*conversations.routes, *health(CollectorRegistry()).routes]
    assert len(named) == 2
    assert named <= {route.path_format for route in routes}  # type: ignore[attr-defined]


def test_every_alert_has_its_paragraph_in_the_runbook() -> None:
    (rules,) = documents(DEPLOY / "monitoring" / "alerts.yaml")
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert [alert["alert"] for alert in alerts] == re.findall(r"^## (\w+)$", (DEPLOY / "runbook.md").read_text(), re.M)
    assert all(alert["labels"]["severity"] in {"page", "ticket"} for alert in alerts)


class Engine:
    """A server as vLLM's from outside: health is always 200, what else comes is set."""

    def __init__(self, prefix: str = "vllm:") -> None:
        self.prefix, self.running, self.tokens, self.hangs, self.asked = prefix, 0, 0, False, 0

    async def metrics(self, _: web.Request) -> web.Response:
        rows = {"num_requests_running": self.running, "num_requests_waiting": 0, "generation_tokens_total": self.tokens}
        lines = [f'{self.prefix}{name}{{engine="0",model_name="m"}} {float(value)}' for name, value in rows.items()]
        return web.Response(text="# HELP requests\n" + "\n".join(lines) + "\n")

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        assert (await request.json())["max_tokens"] == 1
        self.asked += 1
        if self.hangs:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"{")
            while request.transport and not request.transport.is_closing():  # noqa: ASYNC110  until it is given up
                await asyncio.sleep(0.05)
            return response
        return web.json_response({"choices": [{"message": {"content": "."}}]})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/metrics", self.metrics)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.complete)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


async def looked(address: str, memory: Path, *, ask: bool = True) -> tuple[int, str]:
    """The probe's exit status and what it said."""
    command = [sys.executable, str(PROGRESS), "--metrics", f"{address}/metrics", "--memory", str(memory)]
    command += ["--ask", f"{address}/v1"] if ask else []
    process = await asyncio.create_subprocess_exec(*command, "--seconds", "1.5", stderr=subprocess.PIPE)
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_an_idle_server_must_write_one_token(tmp_path: Path) -> None:
    engine = Engine()
    async with engine.open() as address:
        assert await looked(address, tmp_path / "m") == (0, "")
        engine.hangs = True
        status, said = await looked(address, tmp_path / "m")
        assert (status, engine.asked) == (1, 2)
        assert "no reply" in said


@pytest.mark.parametrize("prefix", ["vllm:", "ray_vllm_"])
async def test_a_busy_server_must_move_and_is_asked_for_nothing(prefix: str, tmp_path: Path) -> None:
    engine = Engine(prefix)
    engine.running, engine.hangs = 7, True
    async with engine.open() as address:
        statuses = []
        for tokens in (10, 20, 20, 21):
            engine.tokens = tokens
            status, said = await looked(address, tmp_path / "m")
            statuses.append(status)
            assert ("7 requests, and no token" in said) == bool(status)
        assert (statuses, engine.asked) == ([0, 0, 1, 0], 0)


async def test_under_ray_an_idle_card_is_asked_for_nothing(tmp_path: Path) -> None:
    engine = Engine("ray_vllm_")
    async with engine.open() as address:
        assert await looked(address, tmp_path / "m", ask=False) == (0, "")
    assert engine.asked == 0


async def test_a_server_that_is_not_there_makes_no_progress(tmp_path: Path, unused_tcp_port: int) -> None:
    status, said = await looked(f"http://127.0.0.1:{unused_tcp_port}", tmp_path / "m")
    assert status == 1
    assert "no reply" in said
