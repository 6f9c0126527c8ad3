package org.ofaspark.config;

import static org.ofaspark.config.ValueType.FLAG;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a recipe as the components of records, see {@link Key} and {@link Group}.
 *
 * <p>A key is read by the type of its component: a number, a truth value, a text, an enum, a
 * duration, a list of numbers or texts, a group of lists of texts, an Optional of these; or any
 * type with a public static method {@code read(ConfigSection, String)}, which gets the section and
 * the key. A component that is neither key nor group is the text of the whole recipe. The checks of
 * a record are made once its groups have no mistake.
 */
public final class RecordKeys {

  private static final Map<Type, ValueType<?>> PLAIN =
      Map.of(
          int.class, ValueType.INTEGER,
          long.class, ValueType.LONG,
          double.class, ValueType.DECIMAL,
          boolean.class, FLAG,
          String.class, ValueType.TEXT,
          Duration.class, ValueType.DURATION);

  /** By the type of the items; other lists are of texts. */
  private static final Map<Type, ValueType<?>> LISTS =
      Map.of(
          Integer.class, ValueType.INTEGERS,
          Double.class, ValueType.DECIMALS);

  private RecordKeys() {}

  /**
   * Reads a record.
   *
   * @param section the section of its keys, which collects mistakes
   * @param type the record, public, whose constructor checks the values
   * @param <R> the record
   * @return nothing if there are mistakes
   */
  public static <R extends Record> Optional<R> read(ConfigSection section, Class<R> type) {
    List<Object> values = new ArrayList<>();
    RecordComponent[] components = type.getRecordComponents();
    for (RecordComponent component : components) {
      Group group = component.getAnnotation(Group.class);
      Optional<?> value =
          group == null
              ? section.attempt(() -> value(section, component))
              : read(within(section, group), component.getType().asSubclass(Record.class));
      value.ifPresent(values::add);
    }
    return values.size() < components.length
        ? Optional.empty()
        : section.attempt(() -> make(type, values));
  }

  private static ConfigSection within(ConfigSection section, Group group) {
    return isStart(group) ? section.prefixed(group.value()) : section.section(group.value());
  }

  /** Tells whether a group says how keys start, and is no group of its own in the recipe. */
  private static boolean isStart(Group group) {
    return group.value().isEmpty() || group.value().endsWith("-");
  }

  private static Object value(ConfigSection section, RecordComponent component) {
    Key key = component.getAnnotation(Key.class);
    if (key == null) {
      return section.resolvedText();
    }
    String name = name(component);
    if (key.bytes()) {
      return section.value(name, ValueType.BYTES);
    }
    if (!key.or().isEmpty()) {
      boolean other =
          section.value(key.or(), FLAG); // read at all times, as a key asked for is a known one
      return section.value(name, FLAG) || other;
    }
    return value(section, name, component.getGenericType());
  }

  private static Object value(ConfigSection section, String key, Type type) {
    ValueType<?> plain = PLAIN.get(type);
    if (plain != null) {
      return section.value(key, plain);
    }
    if (type instanceof ParameterizedType of) {
      Type item = of.getActualTypeArguments()[of.getActualTypeArguments().length - 1];
      if (of.getRawType() == Optional.class) {
        return section.optional(key, () -> value(section, key, item));
      }
      return of.getRawType() == Map.class
          ? listsOfTexts(section.section(key))
          : section.value(key, LISTS.getOrDefault(item, ValueType.TEXTS));
    }
    Class<?> other = (Class<?>) type;
    return other.isEnum() ? constant(section, key, other) : custom(section, key, other);
  }

  /** Reads all keys of a section; those that are null are left out. */
  private static Map<String, List<String>> listsOfTexts(ConfigSection section) {
    Map<String, List<String>> lists = new TreeMap<>();
    for (String key : section.keys()) {
      section.optional(key, ValueType.TEXTS).ifPresent(texts -> lists.put(key, texts));
    }
    return lists;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Object constant(ConfigSection section, String key, Class<?> type) {
    return section.choice(key, (Class) type);
  }

  private static Object custom(ConfigSection section, String key, Class<?> type) {
    try {
      Method reader = type.getMethod("read", ConfigSection.class, String.class);
      return reader.invoke(null, section, key);
    } catch (InvocationTargetException e) {
      throw thrown(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " " + key, e);
    }
  }

  private static <R extends Record> R make(Class<R> type, List<Object> values) {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class[]::new);
    try {
      Constructor<R> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(values.toArray());
    } catch (InvocationTargetException e) {
      throw thrown(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type.getName(), e); // records of keys are public
    }
  }

  private static RuntimeException thrown(InvocationTargetException e) {
    return e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
  }

  /**
   * Returns the values of keys.
   *
   * @param record a record of keys, or of groups of them
   * @param product only what decides this
   * @return texts of the values by whole key, such as {@code data.max-src-length}
   */
  public static Map<String, String> deciding(Key.Product product, Record record) {
    Map<String, String> values = new TreeMap<>();
    collect("", record, product, values);
    return values;
  }

  /**
   * Returns the values of all keys of a record.
   *
   * @param section the name of its section
   * @param record a record of keys
   * @return texts of the values by whole key
   */
  public static Map<String, String> values(String section, Record record) {
    Map<String, String> values = new TreeMap<>();
    collect(section + ".", record, null, values);
    return values;
  }

  private static void collect(
      String prefix, Record record, Key.@Nullable Product wanted, Map<String, String> values) {
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Object value = of(record, component);
      Key key = component.getAnnotation(Key.class);
      Group group = component.getAnnotation(Group.class);
      if (group != null) {
        String start = prefix + group.value() + (isStart(group) ? "" : ".");
        collect(start, (Record) value, wanted, values);
      } else if (key != null) {
        if (wanted == null || List.of(key.decides()).contains(wanted)) {
          values.put(prefix + name(component), text(value));
        }
        if (value instanceof Record inner) {
          String own = key.section().isEmpty() ? "" : key.section() + ".";
          collect(prefix + own, inner, wanted, values); // the keys of an objective, or of a task
        }
      }
    }
  }

  private static Object of(Record record, RecordComponent component) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(component.getName(), e); // records of keys are public
    }
  }

  private static String text(Object value) {
    if (value instanceof Optional<?> optional) {
      return optional.map(RecordKeys::text).orElse("");
    }
    return value instanceof Named named ? named.name() : String.valueOf(value);
  }

  /** Returns the key of a component: words in lower case, with dashes between them. */
  private static String name(RecordComponent component) {
    Key key = component.getAnnotation(Key.class);
    return key == null || key.name().isEmpty()
        ? component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT)
        : key.name();
  }
}
