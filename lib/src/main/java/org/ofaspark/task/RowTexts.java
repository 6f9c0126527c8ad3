package org.ofaspark.task;

import org.ofaspark.data.Fields;

/**
 * The texts of a row.
 *
 * @param source what the model is asked
 * @param target what the model is to answer; empty if that is no text, or not known
 * @param own values of {@link Task#exampleColumns} that come of texts alone
 */
public record RowTexts(String source, String target, Fields own) {}
