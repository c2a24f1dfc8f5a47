"""What a version's training was told, and what came of it, in words."""

from learning.engine.models import catalogue
from learning.models import Mode, ModelVersion, Policy
from learning.policy_fields import Regime


def configuration_words(version: ModelVersion) -> list[tuple[str, str]]:
    """What it was told, in words; what an old version didn't keep is left out."""
    told = version.configuration
    words = [("Network", _network(version))]
    if told.get("regime"):
        words.append(("Trained", Regime(told["regime"]).label))
    if told.get("head", "linear") != "linear":
        words.append(("On top of it", dict(Policy._meta.get_field("head").choices)[told["head"]]))
    if "mode" in told:
        words.append(("Began", Mode(told["mode"]).label))
    if "epochs" in told:
        least = f", and at least {told['min_steps']:,} steps" if told.get("min_steps") else ""
        words.append(("Passes over the labels", f"{told['epochs']:,}{least}"))
    if "batch_size" in told:
        words.append(("Pictures a step", f"{told['batch_size']:,}"))
    if "lr" in told:
        words.append(("Rate of learning", f"{told['lr']:g} at its peak, weights decay by {told['weight_decay']:g}"))
    if not version.frozen and told.get("augment", "shift") == "shift" and told.get("augment_shift"):
        words.append(("Moved at random", f"by up to {told['augment_shift']} pixels"))
    if not version.frozen and told.get("augment", "shift") != "shift":
        words.append(("Altered at random", dict(Policy._meta.get_field("augment").choices)[told["augment"]]))
    if told.get("flips") and not version.frozen:
        words.append(("Mirrored at random", "half of the pictures"))
    if told.get("mixup") and not version.frozen:
        words.append(("Mixed", f"with an alpha of {told['mixup']:g}"))
    if told.get("balance"):
        words.append(("Classes", "count alike, however many labels each has"))
    if told.get("patience"):
        words.append(("Ended", f"after {told['patience']} passes without a better held-out loss, or all of them"))
    if told.get("ema"):
        words.append(("Weights", f"a running mean with a decay of {told['ema']:g}"))
    words += _outcome(version)
    if told.get("label_smoothing"):
        words.append(("Labels smoothed", f"by {told['label_smoothing']:g}"))
    if told.get("learning_loss"):
        words.append(("Tells where it expects to be wrong", f"with a weight of {told['learning_loss']:g}"))
    words.append(("Temperature", _temperature(version.temperature)))
    if "seed" in told:
        words.append(("Seed", str(told["seed"])))
    if "revision" in told:
        words.append(("Code", told["revision"]))
    return words


def _temperature(temperature: float) -> str:
    if 0.95 <= temperature <= 1.05:
        return f"{temperature:.2f}: it was as sure as it is right"
    than = "surer" if temperature > 1 else "less sure"
    return f"{temperature:.2f}: without, it would be {than} than it is right"


def _network(version: ModelVersion) -> str:
    known = {entry.name: entry.title for entry in catalogue.entries()}
    title = known.get(version.backbone, version.backbone)
    return f"{title}, left as it is, with a head" if version.frozen else title


def _outcome(version: ModelVersion) -> list[tuple[str, str]]:
    """What came of the second stage, of replaying, and of learning from itself."""
    told, without = version.configuration.get("told", {}), version.metrics.get("without_self_training")
    words = []
    if "whole_loss" in told:
        verdict = "kept" if told["fine_tuned"] else "dropped, as it was no better"
        losses = f"held-out loss {told['head_loss']:.3f} before and {told['whole_loss']:.3f} after"
        words.append(("Second stage", f"{verdict}: {losses}"))
    if "replayed" in told:
        words.append(("Old labels learned again", f"{told['replayed']:,}"))
    if without:
        words.append(("The same without what it was sure of", f"right on {without['accuracy']:.1%}"))
    return words
