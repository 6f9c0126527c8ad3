package org.ofaspark.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.ofaspark.config.Text;
import org.ofaspark.format.PickleValue.Global;
import org.ofaspark.format.PickleValue.Namespace;
import org.ofaspark.format.PickleValue.None;
import org.ofaspark.format.PickleValue.Storage;
import org.ofaspark.format.PickleValue.Tuple;
import org.ofaspark.format.PickleValue.View;

/**
 * Writes what {@link TorchPickle} reads, in protocol 2, as {@code torch.save} does: the inverse of
 * it for all but {@link PickleValue.Opaque} values, and namespaces, which become dictionaries.
 */
final class Pickler {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private Pickler() {}

  /**
   * Writes a pickle.
   *
   * @param value a {@link PickleValue}, or one of the Java types named there
   */
  static byte[] write(Object value) {
    var pickler = new Pickler();
    pickler.op(0x80, 2);
    pickler.add(value);
    pickler.op('.');
    return pickler.out.toByteArray();
  }

  private void add(Object value) {
    if (value instanceof String text) {
      text(text);
    } else if (value instanceof Long number) {
      integer(number);
    } else if (value instanceof Double number) {
      op('G');
      out.writeBytes(ByteBuffer.allocate(Double.BYTES).putDouble(number).array());
    } else if (value instanceof Boolean flag) {
      op(flag ? 0x88 : 0x89);
    } else if (value instanceof List<?> list) {
      op(']', '(');
      list.forEach(this::add);
      op('e');
    } else if (value instanceof Map<?, ?> map) {
      dictionary(map);
    } else if (value instanceof PickleValue other) {
      add(other);
    } else {
      throw cannot(value);
    }
  }

  private void add(PickleValue value) {
    if (value == None.NONE) {
      op('N');
    } else if (value instanceof Global global) {
      global(global.name());
    } else if (value instanceof Tuple tuple) {
      tuple(tuple.items());
    } else if (value instanceof Namespace namespace) {
      namespace(namespace);
    } else if (value instanceof View view) {
      tensor(view);
    } else if (value instanceof Storage storage) {
      storage(storage);
    } else {
      throw cannot(value);
    }
  }

  private static IllegalArgumentException cannot(Object value) {
    return new IllegalArgumentException(
        Text.format("pickle: %s (expected: a value that is read back)", value.getClass()));
  }

  private void op(int... bytes) {
    for (int value : bytes) {
      out.write(value);
    }
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op('X');
    little(Integer.BYTES, bytes.length);
    out.writeBytes(bytes);
  }

  private void integer(long number) {
    if (number == (int) number) {
      op('J');
      little(Integer.BYTES, number);
      return;
    }
    op(0x8a, Long.BYTES);
    little(Long.BYTES, number);
  }

  private void little(int bytes, long number) {
    byte[] all =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    out.write(all, 0, bytes);
  }

  private void dictionary(Map<?, ?> map) {
    op('}', '(');
    items(map);
    op('u');
  }

  private void items(Map<?, ?> map) {
    map.forEach(
        (key, value) -> {
          add(key);
          add(value);
        });
  }

  /**
   * Writes an ordered dictionary that has its items as attributes too: readers take those as they
   * take argparse's, and {@code torch.load} allows it with {@code weights_only=True}, its default
   * since torch 2.6, where it refuses argparse.
   */
  private void namespace(Namespace namespace) {
    global(TorchNames.ORDERED_DICT);
    op(')', 'R', '(');
    items(namespace.attributes());
    op('u');
    dictionary(namespace.attributes());
    op('b');
  }

  private void tuple(List<?> items) {
    op('(');
    items.forEach(this::add);
    op('t');
  }

  /** Writes a name: its module, all before the last point, and what the module calls it. */
  private void global(String name) {
    int point = name.lastIndexOf('.');
    String text = Text.format("c%s\n%s\n", name.substring(0, point), name.substring(point + 1));
    out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  private void tensor(View view) {
    global(TorchNames.TENSOR);
    op('(');
    storage(view.storage());
    integer(view.offset());
    tuple(view.shape());
    tuple(view.strides());
    op(0x89); // it requires no gradient
    global(TorchNames.ORDERED_DICT); // its hooks: none
    op(')', 'R', 't', 'R');
  }

  private void storage(Storage storage) {
    op('(');
    text("storage");
    global(TorchNames.storageType(storage.dtype()));
    text(storage.key());
    text("cpu");
    integer(storage.elements());
    op('t', 'Q');
  }
}
