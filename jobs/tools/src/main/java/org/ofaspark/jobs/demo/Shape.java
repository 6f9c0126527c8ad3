package org.ofaspark.jobs.demo;

import java.util.Locale;
import org.ofaspark.config.Text;

/**
 * A colored shape on a picture. It fills the square box that it is drawn in: it touches all sides.
 *
 * @param kind circle, square or triangle
 * @param color what it is filled with
 * @param left first column of pixels of its box
 * @param top first row of pixels
 * @param side columns and rows of its box
 */
record Shape(Kind kind, Color color, int left, int top, int side) {

  /** Shapes of a shorter side are called small, the others large; none has this side itself. */
  static final int LARGE_SIDE = 33;

  /** What is drawn; a point of the box is given by its shares of the side, 0 to 1. */
  enum Kind {
    CIRCLE {
      @Override
      boolean covers(double x, double y) {
        return (x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5) <= 0.25;
      }
    },
    SQUARE {
      @Override
      boolean covers(double x, double y) {
        return true;
      }
    },
    TRIANGLE {
      @Override
      boolean covers(double x, double y) {
        return Math.abs(x - 0.5) <= 0.5 * y;
      }
    };

    abstract boolean covers(double x, double y);
  }

  /** What shapes are filled with. */
  enum Color {
    RED(0xD83A34),
    GREEN(0x2F9E44),
    BLUE(0x2F6FDE),
    YELLOW(0xF2B705),
    PURPLE(0x8E44AD),
    ORANGE(0xF2711C);

    private final int rgb;

    Color(int rgb) {
      this.rgb = rgb;
    }

    int rgb() {
      return rgb;
    }
  }

  int right() {
    return left + side;
  }

  int bottom() {
    return top + side;
  }

  /** Returns twice the column of its middle. */
  int middleX() {
    return left + right();
  }

  /** Returns twice the row of its middle. */
  int middleY() {
    return top + bottom();
  }

  /** Returns "small" or "large". */
  String sizeWord() {
    return side < LARGE_SIDE ? "small" : "large";
  }

  String kindWord() {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  String colorWord() {
    return color.name().toLowerCase(Locale.ROOT);
  }

  /** Returns what it is in full, such as "small red circle". */
  String description() {
    return Text.format("%s %s %s", sizeWord(), colorWord(), kindWord());
  }

  /** Tells whether the two boxes, with a gap around them, have a pixel in common. */
  boolean isWithin(int gap, Shape other) {
    return left < other.right() + gap
        && other.left < right() + gap
        && top < other.bottom() + gap
        && other.top < bottom() + gap;
  }
}
