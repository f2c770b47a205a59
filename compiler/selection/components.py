"""What runs in a component of the system: a model, or something that training cannot change."""

from compiler.spec.schema.training_spec import Component
from compiler.spec.schema.types import ComponentKind

# words in a component's name or role, for specs that do not state its kind; the first kind with a match wins
_WORDS: tuple[tuple[ComponentKind, tuple[str, ...]], ...] = (
    (ComponentKind.RETRIEVER, ("retriev", "rerank", "recall", "embed", "检索", "召回", "重排", "向量")),
    (ComponentKind.INDEX, ("index", "chunk", "knowledge-base", "vector-store", "索引", "知识库", "切片", "切分")),
    (ComponentKind.PARSER, ("pars", "ocr", "loader", "post-process", "postprocess", "解析", "后处理")),
    (
        ComponentKind.MODEL,
        (
            *("model", "llm", "generat", "planner", "writer", "answer", "router", "intent", "decider", "reason"),
            *("summar", "rewrit", "classif", "extract", "dialog", "agent", "responder", "reader", "translat"),
            *("caller", "selector", "模型", "生成", "规划", "撰写", "回答", "路由", "意图", "决策", "推理", "摘要"),
            *("改写", "分类", "抽取", "对话", "翻译"),
        ),
    ),
    (ComponentKind.TOOL, ("tool", "api", "calculator", "executor", "database", "工具", "接口", "数据库")),
    (ComponentKind.CODE, ("orchestrat", "workflow", "gateway", "cache", "编排", "流程", "网关")),
)


def component_kind(name: str, components: list[Component]) -> ComponentKind | None:
    """Return what runs in a component: as the spec states it, else by its name, else by its role; None if unknown."""
    stated = next((each for each in components if each.name == name), None)
    if stated is not None and stated.kind is not None:
        return stated.kind
    return _guess(name) or (_guess(stated.role) if stated is not None else None)


def _guess(text: str) -> ComponentKind | None:
    lowered = text.lower()
    return next((kind for kind, words in _WORDS if any(word in lowered for word in words)), None)
