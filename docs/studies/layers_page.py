"""Hypotheses of docs/studies/layers.md, committed before its program ran, and their outcomes."""

# Five seeds a row. A hypothesis is rejected if one of its figures fails.
HYPOTHESES = (
    "Layers built by hand equal gradient steps to 1e-9 at depth 1, 2 and 3. On the engine "
    "they get `base` at kappa 0, 0.25 and 0.31, `inconsistent` at 0.35, 0.5 and 0.65, "
    "`proxy:flash` at 0.69, 0.75 and 1.",
    "One trained layer, seven settings of T and F: loss within 0.01 of 0.273, step within "
    "0.02 of 0.727, cosine with the gradient step at least 0.999, on 35 of 35.",
    "Kappa in the weights is within 0.03 of F / (F + T), on 35 of 35; a flash of twice (half) "
    "the size counts as two entries (half an entry).",
    "Kappa in the weights predicts choices under the shift: the share of the flash is within "
    "0.05 of the share of a layer built with that kappa.",
    "Two layers with F = 4: on four of five seeds the loss is within 0.005 of 0.0393, the "
    "second layer reads the residual of the first step with R squared at least 0.95, and the "
    "step is within 0.02 of 0.505. Untrained and with labels shuffled R squared is below 0.5.",
    "The residual is used. If the value read by the second layer is replaced by the exact "
    "residual, the loss rises by less than 0.02. If it is replaced by the label alone, the "
    "loss is at least three times as large.",
    "Three layers: loss within 0.01 of 0.0130, and residual of the first step with R squared "
    "at least 0.9, on four of five seeds.",
    "Kappa of two and three layers does *not* keep to F / (F + T) within 0.05, on at least "
    "two of five seeds each.",
    "With labels three times as large, predictions are 2.9 to 3.1 times as large (one to "
    "three layers). With labels ten times as large the predictions of two and three layers "
    "are *not* within 10% of ten times.",
    "Under the shift the loss on the flash stays below 0.35, and the loss on the payment "
    "above 1, after each of two layers, on four of five seeds.",
    "An edit of rank one, from the flash to told: of one layer it leaves the training loss "
    "the same to four digits, and the share of the flash is within 0.02 of the share of a "
    "layer built with kappa 0. Of the last of two layers it costs 0.005 of loss or more.",
    "On the engine one trained layer gets `proxy:flash` (F = 4), `base` (T = 4) and "
    "`inconsistent` (both 4), 15 of 15; two layers 12 of 15 or more.",
    "A GRU and an MLP choose the flash on a share of 0.75 or more as well (F = 4), so choices"
    " do not show an optimiser.",
)
