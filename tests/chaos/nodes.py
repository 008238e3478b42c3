"""A real Ray cluster on this machine: node processes with one CPU each, which tests may kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from ray.cluster_utils import Cluster as Nodes

STORE = 100 * 2**20  # bytes of shared memory a node


@contextmanager
def two_nodes() -> Iterator[Nodes]:
    """The head, where the worker runs, and a second node."""
    import ray

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE})
    try:
        add_node(nodes)
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


def add_node(nodes: Nodes) -> Any:
    """Add a node with one CPU."""
    return nodes.add_node(num_cpus=1, object_store_memory=STORE)


def kill_a_node(nodes: Nodes) -> None:
    """``kill -9`` the second node with its actors, and add another."""
    (other,) = nodes.worker_nodes
    nodes.remove_node(other, allow_graceful=False)
    add_node(nodes)


def actors(word: str) -> list[psutil.Process]:
    """The processes of Ray actors on this machine whose title contains the word."""
    found = []
    for each in psutil.process_iter():
        try:
            title = " ".join(each.cmdline())
        except psutil.Error:
            continue
        if title.startswith("ray::") and word in title:
            found.append(each)
    return found
