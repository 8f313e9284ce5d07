"""Manifests and pictures in object storage, read from an S3 server on loopback that checks every signature."""

from __future__ import annotations

import csv
import io
import json
import logging
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from batch.cli import main
from batch.core.objects import ObjectPlace, read_object_url
from batch.errors import CannotCreate
from batch.export.feeds import FORMATS
from batch.inputs.picturefacts import BadPicture, GoodPicture, PictureLimits, Unusable, resolve_source
from batch.inputs.pictures import FetchCounts, PictureBook
from batch.net.buckets import BucketProblem, Buckets
from batch.net.clients import picture_client
from batch.planning.looking import look_at
from batch.running.delivering import Delivery, open_ledger
from batch.running.shelves import BucketShelf, Way
from tests.export.making import item, names, offers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.export.values import Offer
    from batch.running.delivering import HandedOver
    from tests.proof.shop import Shop

LIMITS = PictureLimits(min_side=10, max_bytes=100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A server of buckets, with the environment of somebody who may read them."""

    client: Any
    environment: dict[str, str]

    def put(self, key: str, data: bytes) -> None:
        """Store an object in the bucket `shop`."""
        self.client.put_object(Bucket="shop", Key=key, Body=data)


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    """Serve on loopback, with one user; everything that is not signed by that user is refused."""
    import boto3  # noqa: PLC0415 - half a second that only these tests pay
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - the same

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    base = f"http://{host}:{port}"
    iam = boto3.client("iam", endpoint_url=base, region_name="us-east-1", **_pair("any", "any"))
    iam.create_user(UserName="shop")
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="shop", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="shop")["AccessKey"]
    pair = _pair(key["AccessKeyId"], key["SecretAccessKey"])
    client = boto3.client("s3", endpoint_url=base, region_name="us-east-1", **pair)
    client.create_bucket(Bucket="shop")
    _ask(base, "reset-auth", b"0")  # calls from now on that need no signature
    yield Storage(client=client, environment={"AWS_ENDPOINT_URL": base, "AWS_REGION": "us-east-1", **_names(pair)})
    # What the server knows is the process's, in which the fixture may be needed once more.
    _ask(base, "reset-auth", b"inf")
    _ask(base, "reset")
    server.stop()


def _ask(base: str, what: str, data: bytes = b"") -> None:
    asked = urllib.request.Request(f"{base}/moto-api/{what}", data, {"Content-Type": "text/plain"})
    with urllib.request.urlopen(asked):
        pass


def _pair(access: str, secret: str) -> dict[str, str]:
    return {"aws_access_key_id": access, "aws_secret_access_key": secret}


def _names(pair: dict[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in pair.items()}


@pytest.fixture
def environment(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the right environment around this process, and give it."""
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    return dict(storage.environment)


def picture(colour: str = "red", side: int = 400) -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "PNG")
    return file.getvalue()


@pytest.mark.slow
def test_a_job_reads_manifests_and_pictures_from_a_bucket(storage: Storage, shop: Shop) -> None:
    """A pattern of manifests, pictures beside them and by their own address; a missing one costs its own row only."""
    storage.put("feeds/spring/a b.csv", b"sku,image\nA-1,pictures/red \xc3\xa9.png\nA-2,s3://shop/elsewhere/blue.png\n")
    storage.put("feeds/spring/c.csv", b"sku,image\nC-1,/elsewhere/blue.png\nC-2,gone.png\n")
    storage.put("feeds/spring/deeper/d.csv", b"not,this\n1,2\n")
    storage.put("feeds/spring/pictures/red \u00e9.png", picture())
    storage.put("elsewhere/blue.png", picture("blue"))
    shop.environment |= storage.environment
    shop.job(manifest={"path": "s3://shop/feeds/spring/*.csv"})
    ended = shop.run()
    assert ended.items == {"done": 3, "rejected": 1}, ended.err
    with (shop.out / "rejected.csv").open(newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["line"], row["sku"]) == ("s3://shop/feeds/spring/c.csv", "3", "C-2")
    assert "there is no object s3://shop/feeds/spring/gone.png" in row["reason"]
    assert sum(shop.ledger().bought.values()) == 3


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_init_takes_an_export_from_a_bucket(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its relative pictures lie beside it there, through the adapter, too."""
    monkeypatch.chdir(tmp_path)
    header = "sku,store_view_code,product_type,visibility,name,categories,base_image,additional_images"
    storage.put("magento/all products.csv", f'{header}\nM-1,,simple,"Catalog, Search",Mug,Mugs,m/u/mug.png,\n'.encode())
    storage.put("magento/m/u/mug.png", picture("green"))
    assert main(["init", "s3://shop/magento/all products.csv", "-o", "shop.yaml", "--simulator"]) == 0
    assert capsys.readouterr().out.startswith("Magento")
    assert main(["plan", "shop.yaml", "--fetch", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["items"]["to_buy"], told["items"]["unchecked"]) == (1, 0)


def test_a_wrong_key_is_named_and_nothing_is_planned(storage: Storage, shop: Shop) -> None:
    """With what the server calls it, and without the key."""
    storage.put("feeds/one.csv", b"sku,image\nA-1,a.png\n")
    shop.environment |= {**storage.environment, "AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    shop.job(manifest={"path": "s3://shop/feeds/one.csv"})
    ended = shop.command("plan")
    assert ended.exit == 66
    assert "access to s3://shop/feeds/one.csv is refused (SignatureDoesNotMatch)" in ended.err
    assert "AWS_SECRET_ACCESS_KEY" in ended.err
    assert "not-the-secret" not in ended.err


async def test_an_object_that_did_not_change_is_not_sent_again(
    storage: Storage, environment: dict[str, str], tmp_path: Path
) -> None:
    """By its tag; a new one takes its place."""
    url = "s3://shop/a/picture.png"

    async def fetched() -> FetchCounts:
        with PictureBook(tmp_path / "cache", look_at, lambda: 0) as book:
            async with picture_client([]) as client:
                counts = await book.fetch_all([url], client, LIMITS, buckets=Buckets(environment))
            (found,) = book.look_up([url], LIMITS).values()
            assert isinstance(found, GoodPicture)
        return counts

    storage.put("a/picture.png", picture())
    assert await fetched() == FetchCounts(arrived=1)
    assert await fetched() == FetchCounts(unchanged=1)
    storage.put("a/picture.png", picture("blue"))
    assert await fetched() == FetchCounts(arrived=1)


async def test_a_large_object_is_not_read(storage: Storage, environment: dict[str, str], tmp_path: Path) -> None:
    """The same limit as for files and web addresses."""
    storage.put("large.png", bytes(LIMITS.max_bytes + 1))
    with PictureBook(tmp_path / "cache", look_at, lambda: 0) as book:
        async with picture_client([]) as client:
            await book.fetch_all(["s3://shop/large.png"], client, LIMITS, buckets=Buckets(environment))
        (found,) = book.look_up(["s3://shop/large.png"], LIMITS).values()
    assert isinstance(found, BadPicture)
    assert "100,001 bytes, more than the 100,000" in found.reason


@pytest.mark.parametrize(
    ("place", "changes", "why"),
    [
        ("s3://shop/nothing.png", {}, "there is no object s3://shop/nothing.png"),
        ("s3://nobody-has-this/x.png", {}, "there is no bucket nobody-has-this"),
        ("s3://shop/x.png", {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}, r"is refused \(InvalidAccessKeyId\)"),
        ("s3://shop/x.png", {"AWS_SECRET_ACCESS_KEY": ""}, "the environment has no keys"),
    ],
)
async def test_what_cannot_be_had_says_why(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, place: str, changes: dict[str, str], why: str
) -> None:
    """Without keys nobody is asked, least of all the cloud's metadata service."""
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BucketProblem, match=why):
        await Buckets(environment | changes).open(read_object_url(place))


@pytest.mark.parametrize(
    "address",
    [
        "s3://",
        "s3://shop",
        "s3://shop/",
        "s3://shop/folder/",
        "s3:///key",
        "s3://127.0.0.1:9000/shop/x.png",
        "s3://127.0.0.1/x.png",
        "s3://localhost:9000/x.png",
        "s3://key:secret@shop/x.png",
        "s3://shop@evil.example/x.png",
        "s3://shop?endpoint=http://evil.example/x.png",
        "s3://shop#x/x.png",
        "s3://SHOP/x.png",
        "s3://[::1]/x.png",
        "s3://shop/../other/x.png",
        "s3://shop//x.png",
        "s3://shop/./x.png",
        "s3://shop/a\nb.png",
        "s3://sh\u00f6p/x.png",
        "s3://shop%2f@evil.example/x.png",
        "s3://a..b/x.png",
        "s3://shop/" + "x" * 1025,
        "http://shop/x.png",
    ],
)
def test_an_address_names_a_bucket_and_a_key_and_nothing_else(address: str) -> None:
    """Above all no server: whom we ask is the environment's business."""
    with pytest.raises(ValueError, match=r"bucket|key|begin with"):
        read_object_url(address)


def test_a_key_is_taken_as_it_is_written() -> None:
    """A key may hold what would be an escape, a query or a fragment in a web address."""
    place = read_object_url("S3://my.shop/a b/100%20?#&+\u00e9.png")
    assert place == ObjectPlace(bucket="my.shop", key="a b/100%20?#&+\u00e9.png")


@pytest.mark.parametrize(
    ("image", "source"),
    [
        ("a.png", "s3://shop/feeds/a.png"),
        ("../a.png", "s3://shop/a.png"),
        ("../../../../a.png", "s3://shop/a.png"),
        ("/etc/passwd", "s3://shop/etc/passwd"),
        ("s3://other/a.png", "s3://other/a.png"),
        ("https://shop.example/a.png", "https://shop.example/a.png"),
    ],
)
def test_pictures_of_a_fetched_manifest_lie_beside_it(image: str, source: str) -> None:
    """It can name no file of this machine."""
    assert resolve_source(image, Path("/here"), "s3://shop/feeds/m.csv") == source


@pytest.mark.parametrize(
    ("image", "source"),
    [
        ("a.png", "https://shop.example/feeds/a.png"),
        ("/etc/passwd", "https://shop.example/etc/passwd"),
        ("../../../a.png", "https://shop.example/a.png"),
        ("//elsewhere.example/a.png", "https://elsewhere.example/a.png"),
    ],
)
def test_pictures_of_a_manifest_from_the_web_lie_beside_it(image: str, source: str) -> None:
    """As links on a page would."""
    assert resolve_source(image, Path("/here"), "https://shop.example/feeds/m.csv?key=1") == source


@pytest.mark.parametrize("image", ["..", "/", "s3://shop", "file:///etc/passwd"])
def test_what_lies_nowhere_beside_a_manifest_is_turned_down(image: str) -> None:
    """Before anybody is asked."""
    assert isinstance(resolve_source(image, Path("/here"), "s3://shop/m.csv"), Unusable)


@pytest.mark.parametrize(
    ("pattern", "prefix", "fits", "not_"),
    [
        ("a/*.csv", "a", "a/x.csv", "a/b/x.csv"),
        ("*.csv", "", "x.csv", "a/x.csv"),
        ("a/[xy]?/m.csv", "a", "a/x1/m.csv", "a/z1/m.csv"),
        ("a/b*/m.csv", "a", "a/bc/m.csv", "a/bc/d/m.csv"),
    ],
)
def test_patterns_of_keys(pattern: str, prefix: str, fits: str, not_: str) -> None:
    """No star crosses a slash, and only the folder before the first one is listed."""
    place = ObjectPlace(bucket="shop", key=pattern)
    assert place.is_pattern
    assert (place.prefix, place.covers(fits), place.covers(not_)) == (prefix, True, False)


async def test_an_export_into_a_bucket(storage: Storage, environment: dict[str, str], tmp_path: Path) -> None:
    """Typed, with its hash, the feed after its clips; the same again uploads nothing, and strangers' objects stay."""

    async def deliver(some: list[Offer]) -> HandedOver:
        shelf = BucketShelf("s3://shop/videos/meta/", environment)
        form, ledger = FORMATS["meta"], await open_ledger(shelf, "job", "meta")
        delivery = Delivery(shelf=shelf, form=form, ledger=ledger, source=tmp_path, languages=("en",))
        return await delivery.deliver(some, [], ())

    some = offers(item("A"), item("B"), item("C"), folder=tmp_path)
    storage.put(f"videos/meta/{some[2].name}", b"theirs")
    first = await deliver(some)
    assert (first.ways, [one.sku for one in first.refused]) == ({Way.UPLOADED: 2}, ["C"])
    objects = storage.client.list_objects_v2(Bucket="shop", Prefix="videos/meta/")["Contents"]
    when = {entry["Key"].rpartition("/")[2]: entry["LastModified"] for entry in objects}
    assert set(when) == {*names(some), "meta-videos.csv", "clips.csv", "refused.csv", "export.json"}
    clip = storage.client.get_object(Bucket="shop", Key=f"videos/meta/{some[0].name}")
    assert (clip["ContentType"], clip["Body"].read()) == ("video/mp4", b"video")
    assert clip["Metadata"] == {"sha256": some[0].clip.sha256}
    feed = storage.client.get_object(Bucket="shop", Key="videos/meta/meta-videos.csv")
    assert feed["Body"].read().decode().count("\n") == 3
    again = await deliver(some)
    assert (again.ways, again.removed) == ({Way.KEPT: 2}, ())
    fewer = await deliver(some[1:])
    assert fewer.removed == (some[0].name,)
    left = storage.client.list_objects_v2(Bucket="shop", Prefix="videos/meta/")["Contents"]
    assert {entry["Key"].rpartition("/")[2] for entry in left} >= {some[1].name, some[2].name}
    assert some[0].name not in {entry["Key"].rpartition("/")[2] for entry in left}


@pytest.mark.parametrize(
    ("place", "changes", "why"),
    [
        ("s3://elsewhere/v", {}, "there is no bucket elsewhere"),
        ("s3://shop/v", {"AWS_SECRET_ACCESS_KEY": "wrong"}, "is refused"),
        ("s3://shop/v", {"AWS_ACCESS_KEY_ID": ""}, "no keys"),
    ],
)
async def test_no_export_into_a_bucket(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, place: str, changes: dict[str, str], why: str
) -> None:
    """It is said before anything is put there."""
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    shelf = BucketShelf(place, environment | changes)
    with pytest.raises(CannotCreate, match=why):
        await shelf.put_file("export.json", (await open_ledger(shelf, "job", "meta")).text())
