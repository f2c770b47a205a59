"""Training methods: `METHODS` has one row per method, in the order of their stages."""

from collections.abc import Mapping

from compiler.spec.methods.distillation import DISTILLATION
from compiler.spec.methods.model import Method
from compiler.spec.methods.preference import PREFERENCE
from compiler.spec.methods.reinforcement import REINFORCEMENT
from compiler.spec.methods.supervised import CPT, SUPERVISED
from compiler.spec.methods.work import BEFORE_TRAINING, EVALUATE, LOAD, ROW_MAKERS

# methods that measure or make data come first, then those that train, each with an evaluation gate
_IN_ORDER: tuple[Method, ...] = (
    LOAD,
    *BEFORE_TRAINING,
    CPT,
    *ROW_MAKERS,
    *SUPERVISED,
    *PREFERENCE,
    *REINFORCEMENT,
    *DISTILLATION,
    EVALUATE,
)
METHODS: Mapping[str, Method] = {each.name: each for each in _IN_ORDER}
