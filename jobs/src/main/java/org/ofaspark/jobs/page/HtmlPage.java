package org.ofaspark.jobs.page;

import static java.util.stream.Collectors.joining;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.ofaspark.config.Sha256;
import org.ofaspark.config.Text;

/**
 * A page in one file, whose policy forbids all but its own style and script: if a text were not
 * escaped, it could still do nothing, and no request leaves the page. Used by one thread.
 */
public final class HtmlPage {

  private final StringBuilder html = new StringBuilder();
  private final String script;

  /**
   * Starts a page with its title.
   *
   * @param title what it shows, as text
   * @param source where that comes from, as text
   * @param owner class beside whose file {@code NAME.css} and {@code NAME.js} lie
   * @param name of the two: the style beyond what all pages have, and the script
   */
  public HtmlPage(String title, String source, Class<?> owner, String name) {
    String style = resource(HtmlPage.class, "page.css") + resource(owner, name + ".css");
    this.script = resource(owner, name + ".js");
    String policy =
        Text.format(
            "default-src 'none'; img-src data:; style-src '%s'; script-src '%s'",
            hash(style), hash(script));
    append(
        Text.format(
            """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="%s">
            <meta name="viewport" content="width=device-width">
            <link rel="icon" href="data:,">
            <title>%s</title>
            <style>%s</style>
            <header>
            <h1>%2$s</h1>
            <p class="source">%4$s</p>
            </header>
            """,
            policy, escape(title), style, escape(source)));
  }

  /**
   * Adds to the page.
   *
   * @param markup texts from elsewhere are escaped in it
   */
  public void append(String markup) {
    html.append(markup);
  }

  /**
   * Adds a figure to look at first, within {@code <dl class="metrics">}.
   *
   * @param name what it is, as text
   * @param value the figure, as text
   * @param note what stands below it, as text; may be empty
   */
  public void metric(String name, String value, String note) {
    String small = note.isEmpty() ? "" : Text.format("<small>%s</small>", escape(note));
    append(
        Text.format("<div><dt>%s</dt><dd>%s%s</dd></div>\n", escape(name), escape(value), small));
  }

  /**
   * Adds a table.
   *
   * @param rows cells that are markup; the first row is the heading
   */
  public void table(List<List<String>> rows) {
    append("<div class=\"table\"><table>\n");
    for (int i = 0; i < rows.size(); i++) {
      String tag = i == 0 ? "th" : "td";
      append(
          rows.get(i).stream()
              .map(cell -> "<" + tag + ">" + cell + "</" + tag + ">")
              .collect(joining("", "<tr>", "</tr>\n")));
    }
    append("</table></div>\n");
  }

  /**
   * Ends the page with what its script works on.
   *
   * @param id element that holds it, as JSON
   * @param data what gson makes JSON of
   * @return the file's text
   */
  public String end(String id, Object data) {
    append(
        Text.format(
            """
            <script type="application/json" id="%s">%s</script>
            <script>%s</script>
            </html>
            """,
            id, new Gson().toJson(data), script)); // JSON without < and >
    return html.toString();
  }

  /** Makes a text stand for itself between tags and in attributes. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  private static String resource(Class<?> owner, String name) {
    try (InputStream in = owner.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + ": missing (expected: in the jar)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Names a style or script in a content security policy. */
  private static String hash(String text) {
    byte[] hash = Sha256.digest().digest(text.getBytes(StandardCharsets.UTF_8));
    return "sha256-" + Base64.getEncoder().encodeToString(hash);
  }
}
