"""Training methods: `METHODS` holds one row for each, by name, in the order in which their stages run."""

from collections.abc import Mapping

from compiler.spec.methods.distillation import DISTILLATION
from compiler.spec.methods.model import Method
from compiler.spec.methods.preference import PREFERENCE
from compiler.spec.methods.reinforcement import REINFORCEMENT
from compiler.spec.methods.supervised import CPT, SUPERVISED
from compiler.spec.methods.work import BEFORE_TRAINING, EVALUATE, LOAD, ROW_MAKERS

# what measures or makes data comes first; then what trains, each gated by an evaluation
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
