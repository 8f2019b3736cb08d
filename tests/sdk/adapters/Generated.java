package javax.annotation;

/** What the generated sources are marked with; the one class that the generator's own jar lacks. */
public @interface Generated {
  String[] value();

  String date() default "";

  String comments() default "";
}
